namespace Overlay.Cli.Doctor;

/// <summary>One line of the doctor's: what was looked at, how it is, and the command that mends it.</summary>
internal sealed record DoctorLine(string Check, DoctorState State, string Finding, string? Fix)
{
    public static DoctorLine Ok(string check, string finding) => new(check, DoctorState.Ok, finding, null);

    public static DoctorLine Warn(string check, string finding, string fix) => new(check, DoctorState.Warn, finding, fix);

    public static DoctorLine Fail(string check, string finding, string fix) => new(check, DoctorState.Fail, finding, fix);
}
