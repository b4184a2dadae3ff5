using System.Buffers;
using System.Globalization;
using System.Text;

namespace Overlay.Host.Metrics;

/// <summary>UTF-8 text that grows in an array of the pool; given back when disposed. Not thread-safe.</summary>
internal sealed class Utf8Page : IDisposable
{
    private const int FirstSize = 64 * 1024;
    private static readonly SearchValues<char> Special = SearchValues.Create("\\\"\n");
    private byte[] _octets = ArrayPool<byte>.Shared.Rent(FirstSize);

    /// <summary>Octets written.</summary>
    public int Length { get; private set; }

    /// <summary>What was written, until the page is disposed.</summary>
    public ReadOnlyMemory<byte> Written => _octets.AsMemory(0, Length);

    /// <summary>Writes an octet.</summary>
    public void Octet(byte octet)
    {
        Room(1)[0] = octet;
        Length++;
    }

    /// <summary>Writes octets.</summary>
    public void Octets(ReadOnlySpan<byte> octets)
    {
        octets.CopyTo(Room(octets.Length));
        Length += octets.Length;
    }

    /// <summary>Writes a text as it is.</summary>
    public void Text(ReadOnlySpan<char> text) => Length += Encoding.UTF8.GetBytes(text, Room(Encoding.UTF8.GetMaxByteCount(text.Length)));

    /// <summary>Writes a text with backslashes and line feeds escaped, and quotes where they end a value.</summary>
    public void Escaped(ReadOnlySpan<char> text, bool quotes)
    {
        if (!text.ContainsAny(Special))
        {
            Text(text);
            return;
        }

        foreach (var letter in text.EnumerateRunes())
        {
            switch (letter.Value)
            {
                case '\\':
                    Text("\\\\");
                    break;
                case '\n':
                    Text("\\n");
                    break;
                case '"' when quotes:
                    Text("\\\"");
                    break;
                default:
                    Length += letter.EncodeToUtf8(Room(4));
                    break;
            }
        }
    }

    /// <summary>Writes a number.</summary>
    public void Number(long value)
    {
        value.TryFormat(Room(24), out var written, provider: CultureInfo.InvariantCulture);
        Length += written;
    }

    /// <summary>Writes a number, so that it reads back as the same.</summary>
    public void Number(double value)
    {
        value.TryFormat(Room(32), out var written, provider: CultureInfo.InvariantCulture);
        Length += written;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_octets);
        _octets = [];
        Length = 0;
    }

    private Span<byte> Room(int octets)
    {
        if (_octets.Length - Length < octets)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_octets.Length * 2, Length + octets));
            _octets.AsSpan(0, Length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_octets);
            _octets = larger;
        }

        return _octets.AsSpan(Length);
    }
}
