using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Overlay.Interop.Verdicts;

/// <summary>All sixteen pairs of ECN code points over both encapsulations, both underlay families and both inner families.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CombinatorialEcnAttribute : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        var rows = new List<ITheoryDataRow>();
        foreach (var encap in new[] { "vxlan", "geneve" })
        {
            foreach (var family in new[] { "v4", "v6" })
            {
                for (var pair = 0; pair < 32; pair++) rows.Add(new TheoryDataRow<string, string, int, int, bool>(encap, family, pair & 3, (pair >> 2) & 3, pair >= 16));
            }
        }

        return new(rows);
    }

    public override bool SupportsDiscoveryEnumeration() => true;
}
