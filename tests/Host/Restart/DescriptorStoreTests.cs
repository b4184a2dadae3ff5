using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Overlay.Dataplane.HandOver;
using Overlay.Host.Restart;
using Xunit;

namespace Overlay.Host.Tests.Restart;

/// <summary>What the service manager is told, by one that is slow and one that is gone.</summary>
public sealed class DescriptorStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("overlay-store-").FullName;
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly FileStream _file;
    private readonly List<string> _warnings = [];

    public DescriptorStoreTests()
    {
        _manager.Bind(new UnixDomainSocketEndPoint(NotifyPath));
        _file = new FileStream(Path.Combine(_folder, "file"), FileMode.Create);
    }

    private string NotifyPath => Path.Combine(_folder, "notify");

    public void Dispose()
    {
        _manager.Dispose();
        _file.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_manager_that_is_slow_is_told_the_rest_later_and_each_once()
    {
        var store = Store();
        var room = int.Parse(File.ReadAllText("/proc/sys/net/unix/max_dgram_qlen"), CultureInfo.InvariantCulture);
        var held = Enumerable.Range(0, room + 20).Select(i => Held($"overlay.tap.t{i}..0", i + 1)).ToArray();
        store.Follow(held);
        Assert.True(store.IsThere);
        Assert.Contains("does not answer in time", Assert.Single(_warnings), StringComparison.Ordinal);
        var seen = new List<string>();
        while (seen.Count < held.Length)
        {
            Assert.NotEmpty(Received(seen));
            var reading = Task.Run(() => store.Follow(held), TestContext.Current.CancellationToken);
            while (!reading.IsCompleted)
            {
                Received(seen);
            }

            Received(seen);
        }

        Assert.Equal(held.Select(static one => $"FDSTORE {one.Name}"), seen);
        Assert.Single(_warnings);
    }

    [Fact]
    public void A_manager_that_is_gone_is_not_asked_again()
    {
        var store = Store();
        _manager.Dispose();
        File.Delete(NotifyPath);
        store.Follow([Held("overlay.tap.a..0", 1)]);
        store.Follow([Held("overlay.tap.b..0", 2)]);
        Assert.False(store.IsThere);
        Assert.Contains("a restart will lose frames", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_behind_a_name_is_taken_out_before_another_is_given()
    {
        var store = Store();
        store.Begin(["b", "d"]);
        store.Follow([Held("a", 1), Held("b", 2, isInherited: true), Held("c", 3)]);
        store.Follow([Held("a", 4), Held("b", 2, isInherited: true)]);
        Assert.Equal(["FDSTOREREMOVE d", "FDSTORE a", "FDSTORE c", "FDSTOREREMOVE a", "FDSTOREREMOVE c", "FDSTORE a"], Received([]));
    }

    [Fact]
    public void Of_two_with_one_name_the_one_that_is_used_is_given_again()
    {
        var store = Store();
        store.Begin(["a", "a"]);
        store.Drop("a");
        store.Follow([Held("a", 1, isInherited: true)]);
        store.Follow([Held("a", 1, isInherited: true)]);
        Assert.Equal(["FDSTOREREMOVE a", "FDSTORE a"], Received([]));
    }

    private DescriptorStore Store() => new(new SupervisorSocket(NotifyPath), isCertain: true, _warnings.Add);

    private HeldDescriptor Held(string name, long id, bool isInherited = false) => new(name, (int)_file.SafeFileHandle.DangerousGetHandle(), id, isInherited);

    // What has come, as verb and name.
    private List<string> Received(List<string> seen)
    {
        var buffer = new byte[1000];
        while (_manager.Poll(1000, SelectMode.SelectRead))
        {
            var lines = Encoding.UTF8.GetString(buffer, 0, _manager.Receive(buffer)).Split('\n');
            seen.Add($"{lines[0].Split('=')[0]} {lines[^1].Split('=')[1]}");
        }

        return seen;
    }
}
