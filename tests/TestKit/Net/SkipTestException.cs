namespace Overlay.TestKit.Net;

/// <summary>Tells xunit to report the test as skipped: its runner recognises the prefix.</summary>
public sealed class SkipTestException(string reason) : Exception("$XunitDynamicSkip$" + reason);
