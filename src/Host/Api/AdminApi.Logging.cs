using Overlay.Api;
using Overlay.Host.Logging;

namespace Overlay.Host.Api;

/// <content>The level of the log while the daemon runs.</content>
internal sealed partial class AdminApi
{
    private Task LogLevelAsync(HttpContext http)
    {
        LogLevel? wanted = null;
        if (http.Request.Query.ContainsKey("level"))
        {
            wanted = LogLevels.Of(http.Request.Query["level"].ToString());
            if (wanted is null)
            {
                return FailAsync(http, 400, "bad_request", $"level: expected one of {LogLevels.All}", "level");
            }
        }

        return WriteAsync(http, backend.SetLogLevel(wanted), ApiJsonContext.Default.LogLevelResponse);
    }
}
