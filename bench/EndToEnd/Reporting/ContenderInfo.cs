namespace Overlay.EndToEnd.Reporting;

/// <summary>A contender's name and what it is.</summary>
internal sealed record ContenderInfo(string Name, string Description);
