namespace Overlay.Encap.Geneve;

/// <summary>What an option means to a registry.</summary>
internal enum GeneveOptionRole : byte
{
    Unknown,
    Policy,
    Telemetry,
    Identity,
    Other,
}
