using System.Globalization;
using System.Text;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>Text that a peer sent, for the operator's terminal and log.</summary>
internal static class BgpText
{
    /// <summary>UTF-8 with what is not, and controls, replaced.</summary>
    public static string Printable(ReadOnlySpan<byte> octets)
    {
        var text = new StringBuilder(octets.Length);
        foreach (Rune rune in Encoding.UTF8.GetString(octets).EnumerateRunes())
        {
            UnicodeCategory category = Rune.GetUnicodeCategory(rune);
            bool shown = category is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
            text.Append(shown ? rune : Rune.ReplacementChar);
        }

        return text.ToString();
    }
}
