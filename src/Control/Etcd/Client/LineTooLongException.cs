namespace Overlay.Control.Etcd.Client;

/// <summary>A line of a stream is longer than we take. Does not leave the client.</summary>
internal sealed class LineTooLongException : Exception;
