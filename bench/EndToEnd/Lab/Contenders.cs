namespace Overlay.EndToEnd.Lab;

/// <summary>Everybody who can take part.</summary>
internal static class Contenders
{
    /// <summary>All of them, the one that the others are compared with first.</summary>
    public static IReadOnlyList<IContender> All(string overlayd) =>
        [new KernelVxlan(), .. OverlaydVariant.All.Select(v => new Overlayd(v, overlayd)), new OpenVswitch(), new Fastd()];
}
