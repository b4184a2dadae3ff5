namespace Overlay.Encap.Tests;

public sealed class VnetHeaderTests
{
    [Theory]
    [InlineData(10)]
    [InlineData(12)]
    public void Both_forms_round_trip_in_host_order(int length)
    {
        var header = new VnetHeader(1, 0x81, 0x1234, 1448, 34, 16, length == 12 ? (ushort)3 : (ushort)0);
        byte[] buffer = Bytes.Dirty(length);
        header.WriteTo(buffer);
        Assert.True(VnetHeader.Parse(buffer, out VnetHeader read));
        Assert.Equal(header, read);
        Assert.Equal(0x1234, BitConverter.ToUInt16(buffer, 2));
        Assert.False(VnetHeader.Parse(buffer.AsSpan(0, 9), out _));
    }

    [Theory]
    [InlineData(0, 0, 0, 0, 0, 0, 60, VnetHeaderStatus.Ok)]
    [InlineData(1, 1, 54, 1448, 34, 16, 3000, VnetHeaderStatus.Ok)]
    [InlineData(1, 0x84, 74, 1448, 54, 16, 3000, VnetHeaderStatus.Ok)]
    [InlineData(1, 5, 42, 1400, 34, 6, 3000, VnetHeaderStatus.Ok)]
    [InlineData(1, 1, 54, 0, 34, 16, 3000, VnetHeaderStatus.ZeroGsoSize)]
    [InlineData(1, 1, 3001, 1448, 34, 16, 3000, VnetHeaderStatus.HeaderLengthPastFrame)]
    [InlineData(0, 0, 61, 0, 0, 0, 60, VnetHeaderStatus.HeaderLengthPastFrame)]
    [InlineData(1, 0, 0, 0, 60, 16, 60, VnetHeaderStatus.ChecksumPastFrame)]
    [InlineData(1, 0, 0, 0, 65535, 65535, 60, VnetHeaderStatus.ChecksumPastFrame)]
    [InlineData(1, 0, 0, 0, 42, 16, 60, VnetHeaderStatus.Ok)]
    [InlineData(1, 0, 0, 0, 43, 16, 60, VnetHeaderStatus.ChecksumPastFrame)]
    [InlineData(1, 2, 54, 1448, 34, 16, 3000, VnetHeaderStatus.UnknownGsoType)]
    [InlineData(0, 0x80, 0, 0, 0, 0, 60, VnetHeaderStatus.UnknownGsoType)]
    [InlineData(0, 255, 0, 1, 0, 0, 60, VnetHeaderStatus.UnknownGsoType)]
    public void Bad_headers_are_named(int flags, int type, int hdrLen, int gsoSize, int start, int offset, int frame, VnetHeaderStatus expected)
    {
        var header = new VnetHeader((byte)flags, (byte)type, (ushort)hdrLen, (ushort)gsoSize, (ushort)start, (ushort)offset);
        Assert.Equal(expected, header.Validate(frame));
    }
}
