namespace Overlay.Cli.Admin;

/// <summary>What the daemon answered: the HTTP status and its body; or, where there is no usable answer, why.</summary>
internal sealed record AdminReply(int Status, string Body, Failure? Failure)
{
    public bool IsSuccess => Failure is null && Status is >= 200 and < 300;
}
