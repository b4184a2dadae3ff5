namespace Overlay.Cli.Doctor;

/// <summary>How a check came out.</summary>
internal enum DoctorState
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>It runs, but slower or with less than it could.</summary>
    Warn,

    /// <summary>It will not run.</summary>
    Fail,
}
