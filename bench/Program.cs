using BenchmarkDotNet.Running;
using Overlay.Bench;

if (args is ["learning"])
{
    await LearningReport.RunAsync();
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
}
