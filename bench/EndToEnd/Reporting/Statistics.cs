namespace Overlay.EndToEnd.Reporting;

/// <summary>The little statistics a report needs.</summary>
internal static class Statistics
{
    /// <summary>The median: of an even number of values, the mean of the two in the middle. Not a number if there are none.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        if (sorted.Length == 0) return double.NaN;
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>The value that <paramref name="fraction"/> of the values lie below. Sorts the list. Not a number if it is empty.</summary>
    public static double Percentile(List<double> values, double fraction)
    {
        if (values.Count == 0) return double.NaN;
        values.Sort();
        return values[Math.Min((int)(values.Count * fraction), values.Count - 1)];
    }
}
