namespace Overlay.Control.Queries;

/// <summary>What the mass-withdraw guard holds of a plane.</summary>
/// <param name="Plane">The plane.</param>
/// <param name="IsGuarded">False while the guard is off, for the configuration file, and where <c>stale_hold</c> is 0.</param>
/// <param name="Entries">MAC and flood routes and neighbours of it.</param>
/// <param name="Held">Those among them that were taken back and are held: in force, stale.</param>
/// <param name="Since">How long something is held; null if nothing is.</param>
/// <param name="Left">When they go if nobody gives them again; null if nothing is held.</param>
/// <param name="HeldTotal">Entries held since the start.</param>
/// <param name="GivenAgain">Held entries that were given again.</param>
/// <param name="Released">Held entries that went when the time was over, or because they were few.</param>
/// <param name="Approved">Held entries that went because an operator approved it.</param>
public sealed record GuardRow(string Plane, bool IsGuarded, int Entries, int Held, TimeSpan? Since, TimeSpan? Left, long HeldTotal, long GivenAgain, long Released, long Approved);
