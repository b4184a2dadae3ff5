using System.Runtime.ExceptionServices;

namespace Overlay.TestKit.Net;

/// <summary>Runs code inside a named network namespace. A socket made there belongs to that namespace for good.</summary>
public static class NetNs
{
    /// <summary>Runs <paramref name="body"/> on a thread of its own that has entered <paramref name="name"/>; the thread ends afterwards, so no pooled thread is left in a foreign namespace.</summary>
    public static T Run<T>(string name, Func<T> body)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using (var handle = File.OpenHandle($"/run/netns/{name}"))
                {
                    Native.Check(Native.setns((int)handle.DangerousGetHandle(), Native.CloneNewNet), $"setns {name}");
                }

                result = body();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        })
        { IsBackground = true, Name = $"netns {name}" };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    /// <summary>Like <see cref="Run{T}"/> without a result.</summary>
    public static void Run(string name, Action body) => Run(name, () =>
    {
        body();
        return 0;
    });
}
