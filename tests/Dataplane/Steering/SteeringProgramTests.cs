using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Steering;
using Overlay.Encap;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Dataplane.Tests.Steering;

public sealed class SteeringProgramTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_kernel_takes_the_program_for_a_tap(bool withLane)
    {
        Requires.Bpf();
        Assert.True(LaneTable.TryCreate(1024, out LaneTable? table) >= 0);
        using (table)
        {
            Assert.True(SharedMap.TryCreate(8, QueueMap.Size, out SharedMap? map) >= 0);
            using (map)
                AssertTaken(TapSteering.Build(map!, withLane ? table : null));
        }
    }

    [Theory]
    [InlineData(AddressFamilyKind.IPv4, 1)]
    [InlineData(AddressFamilyKind.IPv6, 1)]
    [InlineData(AddressFamilyKind.IPv4, 8)]
    public void The_kernel_takes_the_program_for_sockets(AddressFamilyKind family, int workers)
    {
        Requires.Bpf();
        Assert.True(LaneTable.TryCreate(1024, out LaneTable? table) >= 0);
        using (table)
            AssertTaken(SocketSteering.Build(table!, family, workers));
    }

    private static void AssertTaken(ulong[] program)
    {
        byte[] log = new byte[1 << 20];
        int result = Bpf.LoadSocketFilter(program, log);
        Assert.True(result >= 0, $"{Errno.Describe(result)}: {Bpf.Text(log)}");
        new FileDescriptor(result).Dispose();
    }
}
