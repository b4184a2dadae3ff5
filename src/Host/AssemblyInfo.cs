using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Overlay.Host.Tests")]
