Console.WriteLine("overlayctl");
