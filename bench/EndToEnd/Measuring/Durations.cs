namespace Overlay.EndToEnd.Measuring;

/// <summary>How long things are measured, in seconds.</summary>
/// <param name="Tcp">TCP transfers.</param>
/// <param name="Udp">Floods of datagrams.</param>
/// <param name="RoundTrips">Round trips on an idle path.</param>
/// <param name="Probes">Round trips beside TCP.</param>
/// <param name="WarmTcp">TCP before the first row: our daemon's hot code is compiled by then.</param>
/// <param name="WarmUdp">Datagrams before the first row.</param>
/// <param name="Tries">How often a measurement is made while other processes take more than <see cref="QuietMachine.TolerableShare"/>.</param>
/// <param name="Patience">What may be spent, in the whole run, on waiting for idle processors and on measuring again.</param>
internal sealed record Durations(double Tcp, double Udp, double RoundTrips, double Probes, double WarmTcp, double WarmUdp, int Tries, double Patience)
{
    /// <summary>For figures.</summary>
    public static Durations Full { get; } = new(4, 2, 2, 3, 2, 0.6, 3, 300);

    /// <summary>For <see cref="Gate"/>: long enough for a collector that has work to do some.</summary>
    public static Durations Gate { get; } = new(20, 20, 2, 3, 4, 4, 1, 60);

    /// <summary>For function.</summary>
    public static Durations Quick { get; } = new(1, 0.6, 0.6, 1, 0.5, 0.3, 1, 30);
}
