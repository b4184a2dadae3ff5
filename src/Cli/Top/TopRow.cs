namespace Overlay.Cli.Top;

/// <summary>A line of a table of <c>top</c>: what moves, and how fast. The API's field names, with rates of the last interval.</summary>
/// <param name="Name">Peer, port or VNI.</param>
/// <param name="State">Its state.</param>
/// <param name="TxFps">Frames a second into the overlay.</param>
/// <param name="RxFps">Frames a second out of it.</param>
/// <param name="TxBps">Bits a second into the overlay.</param>
/// <param name="RxBps">Bits a second out of it.</param>
internal sealed record TopRow(string Name, string State, double TxFps, double RxFps, double TxBps, double RxBps);

/// <summary>A reason that frames are dropped for.</summary>
/// <param name="Reason">The reason.</param>
/// <param name="Dir">Direction.</param>
/// <param name="Fps">Frames a second now.</param>
/// <param name="LastMinute">Frames of the last minute.</param>
/// <param name="Total">Frames since the start.</param>
internal sealed record TopDrop(string Reason, string Dir, double Fps, long LastMinute, long Total);
