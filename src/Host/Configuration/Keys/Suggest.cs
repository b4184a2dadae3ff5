namespace Overlay.Host.Configuration.Keys;

/// <summary>"Did you mean …?"</summary>
public static class Suggest
{
    /// <summary>The candidate nearest to a word, or null if none is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        if (word.Length is 0 or > 40)
        {
            return null;
        }

        string? best = null;
        var bestDistance = Math.Max(1, word.Length / 3) + 1;
        foreach (var candidate in candidates)
        {
            var distance = Distance(word, candidate);
            if (distance < bestDistance)
            {
                bestDistance = distance;
                best = candidate;
            }
        }

        return best;
    }

    /// <summary>The sentence to append, with a leading blank, or nothing.</summary>
    public static string Clause(string word, IReadOnlyCollection<string> candidates)
    {
        var nearest = Nearest(word, candidates);
        return nearest is not null ? $"; did you mean '{nearest}'?"
            : candidates.Count is > 0 and <= 16 ? $"; known here: {string.Join(", ", candidates)}"
            : "";
    }

    // Levenshtein with adjacent transpositions counted once, case ignored.
    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    rows[i, j] = i + j;
                    continue;
                }

                var same = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) || (a[i - 1], b[j - 1]) is ('-', '_') or ('_', '-');
                rows[i, j] = Math.Min(Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1), rows[i - 1, j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
                }
            }
        }

        return rows[a.Length, b.Length];
    }
}
