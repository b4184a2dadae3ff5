using Overlay.Control.Etcd.Model;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Store;

/// <summary>A fact, by its index, as it was when its write began.</summary>
internal readonly record struct FactWrite(int Fact, EtcdKey Key, bool Desired, uint Sequence, MacAddress Mac, FactState State, long Belief, string? LeftVtep);
