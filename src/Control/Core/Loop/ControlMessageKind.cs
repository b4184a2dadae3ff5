namespace Overlay.Control.Loop;

/// <summary>What a message asks for.</summary>
internal enum ControlMessageKind : byte
{
    Call,
    Mac,
    Flood,
    Neighbor,
    WithdrawMac,
    WithdrawFlood,
    WithdrawNeighbor,
    Vtep,
    WithdrawVtep,
    Group,
    WithdrawGroup,
    NoSuchMac,
    BeginResync,
    CompleteResync,
    Connected,
    Alarm,
    ClearAlarm,
    Answer,
}
