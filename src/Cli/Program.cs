using System.Runtime.InteropServices;
using Overlay.Cli;
using Overlay.Cli.Screen;

using CancellationTokenSource hangUp = new();
using PosixSignalRegistration registration = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
{
    // A terminal that closes in the middle of 'lab up' must leave nothing behind either.
    context.Cancel = true;
    hangUp.Cancel();
});
return await CommandTree.RunAsync(args, Terminal.Open(), hangUp.Token);
