using Overlay.Dataplane.HandOver;
using Overlay.Host.State;
using Xunit;

namespace Overlay.Host.Tests.State;

public sealed class TapLedgerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("overlay-taps-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_is_written_is_read()
    {
        KeptTap[] taps = [new("tap-web", null, "overlayd:a:12345678"), new("t0", "/var/run/netns/x y", "overlayd:a:12345678")];
        Assert.Null(TapLedger.Write(_folder, taps));
        Assert.Equal(taps, TapLedger.Read(_folder, out var warning));
        Assert.Null(warning);
        Assert.Equal(["taps"], Directory.GetFiles(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public void What_a_kill_leaves_of_a_file_that_was_being_written_goes()
    {
        File.WriteAllText(Path.Combine(_folder, "taps.new"), "overl");
        File.WriteAllText(Path.Combine(_folder, "other.new"), "");
        StateFile.Tidy(_folder, TapLedger.FileName, "hand-over");
        Assert.Equal(["other.new"], Directory.GetFiles(_folder).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("overlayd:a:1\ttap")]
    [InlineData("somebody:a:1\ttap\t\n")]
    [InlineData("overlayd:a:1\t\t\n")]
    [InlineData("overlayd:a:1\ta\tb\tc\n")]
    [InlineData("\0\u0001\t\t\t")]
    public void Lines_that_make_no_sense_name_no_device(string text) => Assert.Empty(TapLedger.Parse(text));

    [Fact]
    public void A_directory_that_cannot_be_written_is_a_sentence()
    {
        File.WriteAllText(Path.Combine(_folder, "file"), "");
        Assert.Contains("will stay", TapLedger.Write(Path.Combine(_folder, "file"), [new KeptTap("t0", null, "overlayd:a:1")]), StringComparison.Ordinal);
        Assert.Null(TapLedger.Write(Path.Combine(_folder, "file"), []));
    }

    [Fact]
    public void Daemons_of_one_host_and_node_have_aliases_of_their_own()
    {
        Assert.Equal(TapLedger.TagOf("a", "/run/x.sock"), TapLedger.TagOf("a", "/run/x.sock"));
        Assert.NotEqual(TapLedger.TagOf("a", "/run/x.sock"), TapLedger.TagOf("a", "/run/y.sock"));
        Assert.StartsWith("overlayd:a:", TapLedger.TagOf("a", "/run/x.sock"), StringComparison.Ordinal);
    }
}
