// Namespaces, peers and daemons share two cores: one test at a time, or timing makes the verdicts.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
