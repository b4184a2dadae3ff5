namespace Overlay.Host;

/// <summary>Exit codes, the same for <c>overlayd</c> and <c>overlayctl</c>.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Failure = 1;
    public const int Usage = 2;
}
