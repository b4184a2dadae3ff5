Console.WriteLine("overlayd");
