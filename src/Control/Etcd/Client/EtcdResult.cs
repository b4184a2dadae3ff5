using System.Diagnostics.CodeAnalysis;

namespace Overlay.Control.Etcd.Client;

/// <summary>An answer or a failure.</summary>
/// <typeparam name="T">The answer.</typeparam>
internal readonly record struct EtcdResult<T>
    where T : class
{
    private EtcdResult(T? value, EtcdFailure? failure)
    {
        Value = value;
        Failure = failure;
    }

    public T? Value { get; }

    public EtcdFailure? Failure { get; }

    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Failure))]
    public bool IsOk => Value is not null;

    public static EtcdResult<T> Ok(T value) => new(value, null);

    public static EtcdResult<T> Failed(EtcdFailure failure) => new(null, failure);
}
