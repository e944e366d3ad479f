using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace ArKernel.Interactive;

/// <summary>What a table of variables shows of values that are tensors or hold some: modules, arrays, tuples, optimizers, objects of the user.</summary>
public static class TensorInspection
{
    // A value can lead to as many objects as there are; so many are looked at.
    private const int MostObjects = 50_000;

    private static readonly ConditionalWeakTable<Type, FieldInfo[]> Fields = [];
    private static volatile bool isLoaded;

    /// <summary>How many tensors are alive; 0 as long as TorchSharp is not in the process.</summary>
    public static long LiveTensors => isLoaded ? Count() : 0;

    /// <summary>Describes a value that is, or holds, tensors.</summary>
    /// <param name="value">The value.</param>
    /// <returns>Shape (of a tensor) or number of tensors, element type, device and bytes; null when no tensor is in it.</returns>
    public static (string Shape, string ElementType, string Device, long Bytes)? Describe(object value) => isLoaded ? DescribeTensors(value) : null;

    /// <summary>How many tensors can be reached from values, each counted once.</summary>
    /// <param name="values">The values.</param>
    /// <returns>The number.</returns>
    public static long CountReachable(IEnumerable<object> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return isLoaded ? CountTensors(values) : 0;
    }

    /// <summary>From now on types of TorchSharp may be named.</summary>
    internal static void Arrive() => isLoaded = true;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long Count() => Tensor.TotalCount;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long CountTensors(IEnumerable<object> values) => Reach(values).Count(t => !t.IsInvalid);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (string, string, string, long)? DescribeTensors(object value)
    {
        if (value is Tensor single)
        {
            return single.IsInvalid
                ? ("disposed", "", "", 0)
                : ($"[{string.Join(", ", single.shape)}]", TensorSummary.NameOf(single.dtype), single.device.ToString(), Bytes(single));
        }

        List<Tensor> found = [.. Reach([value]).Where(t => !t.IsInvalid)];
        return found.Count == 0
            ? null
            : ($"{found.Count} {(found.Count == 1 ? "tensor" : "tensors")}",
                string.Join(", ", found.Select(t => TensorSummary.NameOf(t.dtype)).Distinct(StringComparer.Ordinal)),
                string.Join(", ", found.Select(t => t.device.ToString()).Distinct(StringComparer.Ordinal)),
                found.Sum(Bytes));
    }

    private static long Bytes(Tensor tensor) => tensor.numel() * tensor.element_size();

    private static List<Tensor> Reach(IEnumerable<object> values)
    {
        HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
        Stack<object> open = new(values);
        List<Tensor> found = [];
        while (open.TryPop(out object? value) && seen.Count < MostObjects)
        {
            if (!IsOfInterest(value.GetType()) || !(value.GetType().IsValueType || seen.Add(value)))
            {
                continue;
            }

            if (value is Tensor tensor)
            {
                found.Add(tensor);
                continue;
            }

            if (value is Array array)
            {
                foreach (object? element in MayHold(array.GetType().GetElementType()!) ? array : (IEnumerable)Array.Empty<object>())
                {
                    Push(element);
                }

                continue;
            }

            if (value is Delegate method)
            {
                Push(method.Target);
                continue;
            }

            foreach (FieldInfo field in Fields.GetValue(value.GetType(), FieldsOf))
            {
                Push(field.GetValue(value));
            }
        }

        return found;

        void Push(object? value)
        {
            if (value is not null)
            {
                open.Push(value);
            }
        }
    }

    private static FieldInfo[] FieldsOf(Type type)
    {
        List<FieldInfo> fields = [];
        for (Type? current = type; current is not null && current != typeof(object); current = current.BaseType)
        {
            fields.AddRange(current.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly).Where(f => MayHold(f.FieldType)));
        }

        return [.. fields];
    }

    private static bool MayHold(Type type) => !type.IsPrimitive && !type.IsEnum && !type.IsPointer && !type.IsByRefLike && type != typeof(string) && type != typeof(decimal);

    /// <summary>Whether tensors of the user can be behind objects of the type: not behind the machinery of the runtime, and not behind the script's own classes.</summary>
    private static bool IsOfInterest(Type type) =>
        !typeof(MemberInfo).IsAssignableFrom(type) && !typeof(Assembly).IsAssignableFrom(type) && type != typeof(string)
        && type.Namespace?.StartsWith("System.Threading", StringComparison.Ordinal) != true
        && type.Namespace?.StartsWith("System.Reflection", StringComparison.Ordinal) != true
        && !type.Name.StartsWith("Submission#", StringComparison.Ordinal);
}
