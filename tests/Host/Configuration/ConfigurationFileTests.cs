using Overlay.Host.Configuration;
using Xunit;

namespace Overlay.Host.Tests.Configuration;

public sealed class ConfigurationFileTests : IDisposable
{
    private const string Valid = "node: { name: a, local: [192.0.2.1] }\n";
    private readonly string _folder = Directory.CreateTempSubdirectory("overlay-config-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        var path = Path.Combine(_folder, "overlayd.yaml");
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, mode);
        return path;
    }

    private static ConfigurationError Refused(string path)
    {
        var result = ConfigurationLoader.Load(path, new Dictionary<string, string>());
        Assert.Null(result.Value);
        return Assert.Single(result.Errors);
    }

    [Fact]
    public void A_private_file_is_read()
    {
        Assert.NotNull(ConfigurationLoader.Load(Write(Valid), new Dictionary<string, string>()).Value);
    }

    [Fact]
    public void A_file_that_everybody_may_write_is_refused()
    {
        var path = Write(Valid, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite);
        Assert.Contains("chmod o-w", Refused(path).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\a", "0x07")]
    [InlineData("\u001b", "0x1b")]
    [InlineData("\u007f", "0x7f")]
    public void A_control_character_is_refused_at_its_line_even_in_a_comment(string character, string name)
    {
        var error = Refused(Write($"{Valid}# {character}\n"));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Equal(2, error.Line);
    }

    [Fact]
    public void A_missing_file_is_refused() => Assert.Contains("no such file", Refused(Path.Combine(_folder, "absent.yaml")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_directory_is_refused() => Assert.Contains("directory", Refused(_folder).Message, StringComparison.Ordinal);

    [Fact]
    public void A_file_of_100_MiB_is_refused_without_being_read()
    {
        var path = Write(Valid);
        using (var stream = File.OpenWrite(path))
        {
            stream.SetLength(100 * 1024 * 1024);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("over the limit", Refused(path).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024 * 1024);
    }

    [Fact]
    public void A_file_of_one_mebibyte_of_errors_gives_a_bounded_answer_in_bounded_time()
    {
        var text = Valid + string.Concat(Enumerable.Range(0, 60_000).Select(i => $"k{i}: {i}\n"));
        var result = ConfigurationLoader.Load(Write(text), new Dictionary<string, string>());
        Assert.Null(result.Value);
        Assert.Equal(ProblemList.MaxErrors + 1, result.Errors.Count);
        Assert.Contains("more", result.Errors[^1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_is_refused_without_waiting() => Assert.NotEmpty(Refused("/dev/zero").Message);

    [Fact]
    public void Random_octets_never_throw()
    {
        var random = new Random(7);
        var alphabet = "{}[]:,- \n\t#&*!|>'\"%@`abc019\\?~"u8.ToArray();
        for (var round = 0; round < 3000; round++)
        {
            var text = new char[random.Next(1, 200)];
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = (char)alphabet[random.Next(alphabet.Length)];
            }

            var result = ConfigurationLoader.Parse(new string(text));
            Assert.True(result.Value is null && result.Errors.Count > 0);
        }
    }

    [Fact]
    public void Every_truncation_of_the_example_is_refused_or_read_and_never_throws()
    {
        var text = File.ReadAllText(RepositoryFiles.PathOf("deploy", "overlayd.example.yaml"));
        for (var length = 1; length < text.Length; length += 3)
        {
            var result = ConfigurationLoader.Parse(text[..length]);
            Assert.Equal(result.Value is null, result.Errors.Count > 0);
        }
    }
}
