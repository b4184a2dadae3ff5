namespace Overlay.Control.Evpn.Rib;

/// <summary>
/// Numbers for route distinguishers <c>router_id:n</c> (RFC 7432 §7.9): sixteen bits for VNIs of twenty-four. A VNI up to 65535 is its own number, always. A larger one
/// has its low sixteen bits, or the next number behind that no VNI here has. If a small one comes and finds its number taken, the larger one gets another and its routes
/// are announced anew under it: so what most fabrics use never changes, whatever the order in which VNIs come.
/// </summary>
internal sealed class RdNumbers
{
    private readonly Dictionary<ushort, uint> _vnis = [];
    private readonly Dictionary<uint, ushort> _numbers = [];

    /// <summary>The number of a VNI.</summary>
    /// <param name="vni">The VNI.</param>
    /// <param name="evicted">A VNI that had to give its number up and has none now; null as a rule.</param>
    /// <returns>The number; null if all are taken.</returns>
    public ushort? Take(uint vni, out uint? evicted)
    {
        evicted = null;
        if (_numbers.TryGetValue(vni, out ushort number))
        {
            return number;
        }

        number = (ushort)vni;
        if (vni <= ushort.MaxValue)
        {
            if (_vnis.TryGetValue(number, out uint other))
            {
                evicted = other;
                _ = _numbers.Remove(other);
            }
        }
        else
        {
            if (_vnis.Count > ushort.MaxValue)
            {
                return null;
            }

            while (_vnis.ContainsKey(number))
            {
                number++;
            }
        }

        _vnis[number] = vni;
        _numbers[vni] = number;
        return number;
    }

    public void Return(uint vni)
    {
        if (_numbers.Remove(vni, out ushort number))
        {
            _ = _vnis.Remove(number);
        }
    }
}
