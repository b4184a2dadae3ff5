using Overlay.Encap;
using Overlay.TestKit.InMemory;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Dataplane.Tests.Pipeline.Offload;

/// <summary>The cutter against the kernel's own segmentation: the same super-frames through both, octet by octet.</summary>
public sealed class KernelSegmentationTests : IDisposable
{
    private static readonly MacAddress To = MacAddress.Parse("02:00:00:00:00:0c");
    private static readonly MacAddress From = MacAddress.Parse("02:00:00:00:00:0a");
    private readonly NetLab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void The_kernel_cuts_super_frames_into_the_same_octets()
    {
        using var segmenting = new SegmentingLab(_lab);
        foreach ((string name, SuperFrameSpec spec) in SuperFrameCases.All)
        {
            (byte[] frame, VnetHeader vnet) = SuperFrames.Build(To, From, spec);
            byte[][] ours = SuperFrameTests.Cut(frame, vnet);
            segmenting.Seen.Clear();
            segmenting.Put(frame, vnet);
            Wait.TryUntil(() => segmenting.Seen.Count >= ours.Length, TimeSpan.FromSeconds(5));
            byte[][] kernels = [.. segmenting.Seen.Frames.Select(static captured => captured.Data)];
            Assert.True(ours.Length == kernels.Length, $"{name}: {ours.Length} segments, the kernel made {kernels.Length}");
            for (int i = 0; i < ours.Length; i++)
                Assert.True(ours[i].AsSpan().SequenceEqual(kernels[i]), $"{name}, segment {i}:\n{Hex(ours[i])}\nkernel:\n{Hex(kernels[i])}");
        }
    }

    private static string Hex(byte[] segment) => Convert.ToHexString(segment.AsSpan(0, Math.Min(segment.Length, 100)));
}
