namespace Overlay.EndToEnd.Lab;

/// <summary>The two hosts.</summary>
internal enum Side
{
    /// <summary>Where requests and loads begin.</summary>
    Near,

    /// <summary>Where they end.</summary>
    Far,
}
