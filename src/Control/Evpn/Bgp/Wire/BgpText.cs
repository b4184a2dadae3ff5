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
            System.Globalization.UnicodeCategory category = Rune.GetUnicodeCategory(rune);
            bool shown = category is not (System.Globalization.UnicodeCategory.Control or System.Globalization.UnicodeCategory.Format
                or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator
                or System.Globalization.UnicodeCategory.PrivateUse or System.Globalization.UnicodeCategory.OtherNotAssigned);
            text.Append(shown ? rune : Rune.ReplacementChar);
        }

        return text.ToString();
    }
}
