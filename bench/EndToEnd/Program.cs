using System.Runtime.InteropServices;
using Overlay.EndToEnd;
using Overlay.EndToEnd.Lab;
using Overlay.EndToEnd.Traffic;

if (TrafficCommand.IsOne(args)) return TrafficCommand.Run(args);

var names = Contenders.All("").Select(c => c.Name).ToArray();
var options = BenchOptions.Parse(args, names);
if (options.ShowHelp)
{
    Console.WriteLine(BenchOptions.Help);
    return 0;
}

if (options.ShowList)
{
    Console.WriteLine($"rows: {Names.All<Row>()}");
    foreach (var contender in Contenders.All("")) Console.WriteLine($"{contender.Name,-18} {contender.Description}");
    return 0;
}

if (options.Fault is { } fault)
{
    Console.Error.WriteLine($"bench/run: {fault}. Next: bench/run --help");
    return 2;
}

// One run at a time: two would measure each other.
using var turn = TakeTurn();
if (turn is null)
{
    Console.Error.WriteLine("bench/run: another run is on this machine. Next: wait for it");
    return 1;
}

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
var succeeded = options.Gate ? Gate.Run(options, stop.Token) : new Runner(options, Contenders.All(options.Overlayd), stop.Token).Run();
return stop.IsCancellationRequested ? 130 : succeeded ? 0 : 1;

// The first signal ends the run in order, namespaces removed; the runtime's own handling of a second one is not held up.
void Stop(PosixSignalContext context)
{
    context.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}

static FileStream? TakeTurn()
{
    try
    {
        return new FileStream(Path.Combine(Path.GetTempPath(), "overlay-bench.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
    }
    catch (IOException)
    {
        return null;
    }
}
