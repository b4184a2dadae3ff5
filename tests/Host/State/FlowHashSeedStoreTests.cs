using Overlay.Host.State;
using Xunit;

namespace Overlay.Host.Tests.State;

public sealed class FlowHashSeedStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("overlay-state-").FullName;

    private string Inner => Path.Combine(_folder, "overlay");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_seed_outlives_a_restart()
    {
        var first = FlowHashSeedStore.LoadOrCreate(Inner, out var warning);
        Assert.Null(warning);
        Assert.Equal(first, FlowHashSeedStore.LoadOrCreate(Inner, out warning));
        Assert.Null(warning);
    }

    [Fact]
    public void The_seed_is_private()
    {
        FlowHashSeedStore.LoadOrCreate(Inner, out _);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(Inner, FlowHashSeedStore.FileName)));
        Assert.Single(Directory.GetFiles(Inner));
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a seed")]
    public void A_spoilt_seed_is_replaced_with_a_warning(string text)
    {
        Directory.CreateDirectory(Inner);
        File.WriteAllText(Path.Combine(Inner, FlowHashSeedStore.FileName), text);
        var seed = FlowHashSeedStore.LoadOrCreate(Inner, out var warning);
        Assert.NotNull(warning);
        Assert.Equal(seed, FlowHashSeedStore.LoadOrCreate(Inner, out _));
    }

    [Fact]
    public void A_seed_that_cannot_be_kept_leaves_no_file_behind()
    {
        Directory.CreateDirectory(Path.Combine(Inner, FlowHashSeedStore.FileName, "in the way"));
        FlowHashSeedStore.LoadOrCreate(Inner, out var warning);
        Assert.NotNull(warning);
        Assert.Empty(Directory.GetFiles(Inner));
    }

    [Fact]
    public void Without_a_usable_directory_the_seed_is_fresh_and_a_warning_says_so()
    {
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        var first = FlowHashSeedStore.LoadOrCreate(Path.Combine(file, "below"), out var warning);
        Assert.NotNull(warning);
        Assert.NotEqual(first, FlowHashSeedStore.LoadOrCreate(Path.Combine(file, "below"), out _));
    }
}
