using Overlay.Host.Configuration.Keys;

if (args is ["--print-configuration-reference"])
{
    Console.Out.Write(ConfigurationReference.Render());
    return 0;
}

return 2;
