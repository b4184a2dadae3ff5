namespace Overlay.Control.Etcd.Options;

/// <summary>Where the files of TLS are. They are read anew when a connection fails because of them, so that renewed certificates need no reload.</summary>
public sealed record EtcdTlsOptions
{
    /// <summary>PEM file with the authorities that may sign the members' certificates; null for those of the system.</summary>
    public string? CaFile { get; init; }

    /// <summary>PEM file with our certificate, and those between it and its authority; null for none.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file with the key of <see cref="CertificateFile"/>, unencrypted.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The name that a member's certificate has to have; null for the host of its endpoint.</summary>
    public string? ServerName { get; init; }
}
