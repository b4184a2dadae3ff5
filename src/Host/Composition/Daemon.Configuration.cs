using Overlay.Api;
using Overlay.Host.Api;
using Overlay.Host.Configuration;
using Overlay.Host.Configuration.Changes;
using Overlay.Host.Events;

namespace Overlay.Host.Composition;

/// <content>
/// The configuration: read again, changed at run time, saved. Whatever the way, it is the same: a whole text is loaded and judged, compared with
/// what is in force, and brought into force or refused as a whole. One at a time.
/// </content>
internal sealed partial class Daemon
{
    private const int MaxEffectEvents = 64;
    private string _text = options.Initial.Text;
    private string _fileText = options.Initial.Text;
    private OverlayConfig _fileConfig = options.Initial.Value!;
    private IReadOnlyList<string> _unsaved = [];
    private string _lastChange = "";
    private long _revision = 1;

    private long Revision => Interlocked.Read(ref _revision);

    private string Etag => $"{events.Epoch}-{Revision}";

    /// <inheritdoc/>
    public ConfigResponse Configuration() =>
        new() { Revision = Revision, Yaml = Volatile.Read(ref _text), Source = options.File, Etag = Etag, Saved = Volatile.Read(ref _unsaved).Count == 0 };

    /// <inheritdoc/>
    public async Task<ReloadOutcome> ReloadAsync(CancellationToken cancellation)
    {
        await _reloading.WaitAsync(cancellation);
        try
        {
            if (_health != "ok")
            {
                return RefuseReload(Error("conflict", "the daemon is stopping"));
            }

            notifier.Reloading();
            var outcome = await ReloadAsync();
            notifier.Ready(Summary());
            return outcome;
        }
        finally
        {
            _reloading.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<ChangeOutcome> ChangeAsync(ChangeRequest request)
    {
        await _reloading.WaitAsync();
        try
        {
            var outcome = _health != "ok" ? ChangeOutcome.Failed(409, Error("conflict", "the daemon is not ready, or is stopping. Next: overlayctl status")) : await ChangeOnceAsync(request);
            if (outcome.Error is { } error && !request.DryRun)
            {
                HostLog.ChangeRefused(log, request.What, Revision, error.Error.Message);
                events.Add(EventNames.ConfigRefused, null, $"{request.What} refused, revision {Revision} stays in force: {error.Error.Message}", ("by", "api"), ("code", error.Error.Code));
            }

            return outcome;
        }
        finally
        {
            _reloading.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<ChangeOutcome> SaveAsync(string? ifMatch, bool force)
    {
        await _reloading.WaitAsync();
        try
        {
            if (Mismatch(ifMatch) is { } conflict)
            {
                return conflict;
            }

            if (!force && IsFileEdited())
            {
                return FileEdited();
            }

            return SaveFile() is { } fault
                ? ChangeOutcome.Failed(500, Error("save_failed", fault))
                : new ChangeOutcome(Answer([], [], [], isDry: false, saveError: null), 200, null);
        }
        finally
        {
            _reloading.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<ConfigDiffResponse> DiffAsync()
    {
        await _reloading.WaitAsync();
        try
        {
            var file = ConfigurationLoader.Load(options.File);
            var reload = file.Value is { } config ? ConfigurationEffects.Between(runtime.Config, config) : [];
            return new ConfigDiffResponse
            {
                Revision = Revision,
                Etag = Etag,
                Source = options.File,
                FileValid = file.Value is not null,
                FileEdited = file.Text != _fileText,
                Errors = Problems.From(file.Errors),
                Reload = reload,
                Unsaved = ConfigurationEffects.Between(_fileConfig, runtime.Config),
                ReloadRefused = file.Value is null || reload.Any(effect => effect.NeedsRestart),
            };
        }
        finally
        {
            _reloading.Release();
        }
    }

    // What to run next is to reach this daemon, not another.
    private ErrorResponse Error(string code, string message, string? field = null, IReadOnlyList<ConfigProblem>? errors = null) =>
        new() { Error = new ErrorBody { Code = code, Message = message.Replace("Next: overlayctl ", $"Next: overlayctl {options.SocketArgument}", StringComparison.Ordinal), Field = string.IsNullOrEmpty(field) ? null : field }, Errors = errors };

    private async Task<ReloadOutcome> ReloadAsync()
    {
        var check = $"overlayctl config check {options.File}";
        var result = ConfigurationLoader.Load(options.File);
        if (result.Value is not { } config)
        {
            foreach (var error in result.Errors)
            {
                HostLog.ReloadError(log, error.ToString());
            }

            return RefuseReload(Error("config_invalid", $"{options.File} has {Count(result.Errors.Count, "error")}; what ran keeps running. Next: {check}", result.Errors[0].Key, Problems.From(result.Errors)));
        }

        var diff = ConfigurationDiff.Compare(runtime.Config, config);
        if (diff.RestartKeys.Count > 0)
        {
            return RefuseReload(Error(
                "restart_required",
                $"changed and needs a restart: {string.Join(", ", diff.RestartKeys)}; nothing was applied. Next: systemctl restart overlayd, or undo the change",
                diff.RestartKeys[0]));
        }

        // What an operator changed and did not save is undone where the file does not say the same by now.
        var names = ConfigurationDiff.Compare(_fileConfig, runtime.Config).Changes.Select(NameOf).ToHashSet(StringComparer.Ordinal);
        var undone = diff.Changes.Where(change => names.Contains(NameOf(change))).ToArray();
        var effects = ConfigurationEffects.Between(runtime.Config, config);
        if (await BringIntoForceAsync(config, "reload", options.File) is { } fault)
        {
            // The dataplane forwards by it, whatever failed after that: what is told and compared from now on is this.
            if (ReferenceEquals(runtime.Config, config))
            {
                (_fileText, _fileConfig) = (result.Text, config);
                Took("reload (with a fault)", result.Text, diff.Changes, effects, undone);
            }

            return RefuseReload(fault);
        }

        (_fileText, _fileConfig) = (result.Text, config);
        Took("reload", result.Text, diff.Changes, effects, undone);
        foreach (var warning in result.Warnings)
        {
            HostLog.ConfigurationWarning(log, warning.ToString());
        }

        return new ReloadOutcome(new ConfigReloadResponse { Revision = Revision, Changes = diff.Changes, Undone = undone, Warnings = [.. Problems.From(result.Warnings), .. PortProblems()] }, null);
    }

    private async Task<ChangeOutcome> ChangeOnceAsync(ChangeRequest request)
    {
        if (Mismatch(request.IfMatch) is { } conflict)
        {
            return conflict;
        }

        var edit = request.Edit(_text);
        if (edit.Text is not { } text)
        {
            return ChangeOutcome.Failed(edit.Code switch { "bad_request" => 400, "not_found" => 404, "not_editable" => 422, _ => 409 }, Error(edit.Code, edit.Message, edit.Field));
        }

        if (System.Text.Encoding.UTF8.GetByteCount(text) > ConfigurationText.MaxSize)
        {
            return ChangeOutcome.Failed(422, Error("config_invalid", $"the configuration would be longer than {ConfigurationText.MaxSize} octets: use a control plane for tables of this size. Next: overlayctl config diff"));
        }

        var environment = ConfigurationLoader.ProcessEnvironment();
        foreach (var list in request.Shifts ?? [])
        {
            if (environment.Keys.FirstOrDefault(name => name.StartsWith($"{ConfigurationLoader.EnvironmentPrefix}{list}__", StringComparison.Ordinal)) is { } variable)
            {
                return ChangeOutcome.Failed(409, Error("from_environment", $"{variable} changes an item of {list} by its place, and removing one would move the others: remove it from the file and restart. Next: overlayctl config diff", list));
            }
        }

        var result = ConfigurationLoader.Parse(text, "(request)", environment);
        if (result.Value is not { } config)
        {
            var errors = Problems.From(request.IsWhole ? result.Errors : result.Errors.Select(error => error with { Line = 0, Column = 0 }));
            var first = errors[0];
            return ChangeOutcome.Failed(422, Error(
                "config_invalid",
                $"{(first.Key.Length > 0 ? first.Key + ": " : "")}{first.Message}{(errors.Count > 1 ? $" (and {errors.Count - 1} more)" : "")}; what ran keeps running. Next: overlayctl config diff",
                first.Key,
                errors));
        }

        var diff = ConfigurationDiff.Compare(runtime.Config, config);
        var effects = ConfigurationEffects.Between(runtime.Config, config);
        if (diff.RestartKeys.Count > 0 && !request.DryRun)
        {
            return ChangeOutcome.Failed(422, Error(
                "restart_required",
                $"changed and needs a restart: {string.Join(", ", diff.RestartKeys)}; nothing was applied. Next: write it to {options.File}, then systemctl restart overlayd",
                diff.RestartKeys[0]));
        }

        if (diff.Changes.Count == 0 && !request.IsWhole)
        {
            return ChangeOutcome.Failed(409, Error("from_environment", "the change has no effect: a variable OVERLAY__… says otherwise. Next: systemctl show overlayd -p Environment"));
        }

        if (request.Save && IsFileEdited())
        {
            return FileEdited();
        }

        var warnings = request.IsWhole ? Problems.From(result.Warnings) : NewWarnings(result, environment);
        if (request.DryRun)
        {
            return new ChangeOutcome(Answer(diff.Changes, effects, warnings, isDry: true, saveError: null), 200, null);
        }

        if (await BringIntoForceAsync(config, request.What, "api") is { } fault)
        {
            if (ReferenceEquals(runtime.Config, config))
            {
                Took($"{request.What} (with a fault)", text, diff.Changes, effects, []);
            }

            return ChangeOutcome.Failed(fault.Error.Code == "internal" ? 500 : 422, fault);
        }

        Took(request.What, text, diff.Changes, effects, []);
        var saveError = !request.Save ? null : IsFileEdited() ? FileEdited().Error!.Error.Message : SaveFile();
        return new ChangeOutcome(Answer(diff.Changes, effects, [.. warnings, .. PortProblems()], isDry: false, saveError), 200, null);
    }

    // What was doubtful before is not about this change.
    private IReadOnlyList<ConfigProblem> NewWarnings(ConfigurationResult result, IReadOnlyDictionary<string, string> environment)
    {
        if (result.Warnings.Count == 0)
        {
            return [];
        }

        var known = ConfigurationLoader.Parse(_text, "(request)", environment).Warnings.Select(warning => warning.Message).ToHashSet(StringComparer.Ordinal);
        return Problems.From(result.Warnings.Where(warning => !known.Contains(warning.Message)).Select(warning => warning with { Line = 0, Column = 0 }));
    }

    /// <summary>Brings a configuration into force; null, or why it is not.</summary>
    private async Task<ErrorResponse?> BringIntoForceAsync(OverlayConfig config, string what, string where)
    {
        IReadOnlyList<string> faults;
        try
        {
            faults = await runtime.ApplyAsync(config);
        }
        catch (Exception error)
        {
            HostLog.RequestFailed(log, error, what, where);
            return Error("internal", "this is a fault of overlayd; the log has the details. Next: journalctl -u overlayd");
        }

        if (faults.Count > 0)
        {
            return Error("apply_failed", $"{string.Join("; ", faults)}; what ran keeps running. Next: overlayctl doctor");
        }

        _reloads.Applied();
        logging.Level = config.Log.Level;
        return null;
    }

    private void Took(string what, string text, IReadOnlyList<string> changes, IReadOnlyList<ConfigEffect> effects, string[] undone)
    {
        var isOther = changes.Count > 0 || text != _text;
        Volatile.Write(ref _text, text);
        var summary = changes.Count == 0 ? "nothing changed" : string.Join(", ", changes.Take(20)) + (changes.Count > 20 ? $" and {changes.Count - 20} more" : "");
        if (isOther)
        {
            Interlocked.Increment(ref _revision);
            _lastChange = $"{what} at {time.GetUtcNow():HH:mm:ss} UTC: {summary}";
        }

        FindUnsaved();
        HostLog.Reloaded(log, Revision, summary);
        events.Add(
            EventNames.ConfigApplied,
            null,
            $"{what}: configuration revision {Revision} is in force: {summary}{(undone.Length > 0 ? $"; undone, because it was not saved: {string.Join(", ", undone.Take(20))}" : "")}",
            ("by", what == "reload" ? "reload" : "api"),
            ("revision", $"{Revision}"),
            ("changes", $"{changes.Count}"),
            ("undone", $"{undone.Length}"));
        foreach (var effect in effects.Where(effect => effect.Kind != "key").Take(MaxEffectEvents))
        {
            events.Add($"{effect.Kind}.{effect.Action}", effect.Name, $"{effect.Kind} {effect.Name} {effect.Action}: {effect.Effect}", ("keys", string.Join(',', effect.Keys)), ("revision", $"{Revision}"));
        }

        if (effects.Count > MaxEffectEvents)
        {
            events.Add(EventNames.Omitted, EventNames.ConfigApplied, $"{effects.Count - MaxEffectEvents} more changes of revision {Revision} are not noted one by one", ("count", $"{effects.Count - MaxEffectEvents}"));
        }
    }

    // The order of a file's items and its comments are no change to what is in force, but they are lost by a restart too.
    private void FindUnsaved()
    {
        var unsaved = ConfigurationDiff.Compare(_fileConfig, runtime.Config).Changes;
        Volatile.Write(ref _unsaved, unsaved.Count > 0 || _text == _fileText ? unsaved : ["comments and layout"]);
    }

    private string? SaveFile()
    {
        if (ConfigurationFile.Write(options.File, _text) is { } fault)
        {
            HostLog.SaveFailed(log, fault);
            events.Add(EventNames.ConfigRefused, null, $"not saved: {fault}", ("by", "api"), ("code", "save_failed"));
            return fault;
        }

        (_fileText, _fileConfig) = (_text, runtime.Config);
        FindUnsaved();
        HostLog.Saved(log, Revision, options.File);
        events.Add(EventNames.ConfigSaved, null, $"configuration revision {Revision} is saved in {options.File}", ("revision", $"{Revision}"));
        return null;
    }

    private bool IsFileEdited()
    {
        // A file that cannot be read as text any more was edited too.
        return Path.Exists(options.File) && ConfigurationText.Read(options.File, new ProblemList()) != _fileText;
    }

    private ChangeOutcome FileEdited() => ChangeOutcome.Failed(409, Error(
        "file_edited",
        $"{options.File} was edited since overlayd read it: saving would overwrite that, so nothing was done. Next: overlayctl config diff"));

    private ChangeOutcome? Mismatch(string? ifMatch) => ifMatch is null or "*" || ifMatch == Etag || ifMatch == $"{Revision}" ? null : ChangeOutcome.Failed(409, Error(
        "conflict",
        $"revision {Revision} is in force, not {KeyPath.Printable(ifMatch)}: somebody else was faster{(_lastChange.Length > 0 ? $" ({_lastChange})" : "")}; nothing was done. Next: overlayctl config diff",
        "If-Match"));

    private ConfigChangeResponse Answer(IReadOnlyList<string> changes, IReadOnlyList<ConfigEffect> effects, IReadOnlyList<ConfigProblem> warnings, bool isDry, string? saveError)
    {
        var unsaved = Volatile.Read(ref _unsaved);
        return new ConfigChangeResponse
        {
            Revision = Revision,
            Etag = Etag,
            DryRun = isDry,
            Changes = changes,
            Effects = effects,
            Saved = unsaved.Count == 0,
            SaveError = saveError,
            Unsaved = unsaved,
            Warnings = warnings,
        };
    }

    private IEnumerable<ConfigProblem> PortProblems() =>
        runtime.PortErrors.Select(error => new ConfigProblem { File = options.File, Line = 0, Column = 0, Key = "ports", Message = error });

    private ReloadOutcome RefuseReload(ErrorResponse error)
    {
        _reloads.Refused();
        HostLog.ReloadRefused(log, Revision, error.Error.Message);
        events.Add(EventNames.ConfigRefused, null, $"reload refused, revision {Revision} stays in force: {error.Error.Message}", ("by", "reload"), ("code", error.Error.Code));
        return new ReloadOutcome(null, error);
    }

    // "peer b: changed" is about "peer b".
    private static string NameOf(string change) => change.LastIndexOf(": ", StringComparison.Ordinal) is > 0 and var at ? change[..at] : change;
}
