namespace Overlay.Control.Etcd.Options;

/// <summary>How a VNI's MACs come here from the store.</summary>
public enum EtcdVniMode : byte
{
    /// <summary>All of them, listed and then watched: a frame never waits for the store.</summary>
    Mirror = 0,

    /// <summary>Those that frames ask for, one by one: for tables too large to hold everywhere.</summary>
    OnDemand = 1,
}
