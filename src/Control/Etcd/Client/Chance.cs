using System.Security.Cryptography;

namespace Overlay.Control.Etcd.Client;

/// <summary>
/// Chance for waits: hosts must differ, and nothing depends on what it says. <b>Threading:</b> any thread, unlike its base. Only <see cref="Random.NextDouble"/> and what a
/// bound is given to are drawn from it.
/// </summary>
internal sealed class Chance() : Random(0)
{
    private readonly Lock _gate = new();
    private readonly Random _source = new(RandomNumberGenerator.GetInt32(int.MaxValue));

    /// <inheritdoc/>
    protected override double Sample()
    {
        lock (_gate)
        {
            return _source.NextDouble();
        }
    }
}
