using Overlay.Host.Manual;
using Xunit;

namespace Overlay.Host.Tests.Manual;

public sealed class DaemonPageTests
{
    [Theory]
    [InlineData("overlayd", "overlayd.8")]
    [InlineData("overlayd.yaml", "overlayd.yaml.5")]
    public void The_committed_page_is_what_the_daemon_prints(string page, string file)
    {
        bool isCurrent = File.ReadAllText(RepositoryFiles.PathOf("deploy", "man", file)) == DaemonPages.Render(page);
        Assert.True(isCurrent, $"deploy/man/{file} is out of date. Next: scripts/generate");
    }
}
