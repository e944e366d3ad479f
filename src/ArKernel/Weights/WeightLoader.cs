using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Weights;

/// <summary>Where a parameter, or a block of its rows, comes from.</summary>
/// <param name="Name">The tensor's name in the file.</param>
/// <param name="Transposed">Whether a matrix is stored [in, out], while a linear layer holds [out, in].</param>
/// <param name="Part">Which of <paramref name="Parts"/> equal blocks of rows (after transposing) is meant.</param>
/// <param name="Parts">Into how many equal blocks of rows the tensor divides.</param>
public sealed record WeightSource(string Name, bool Transposed = false, int Part = 0, int Parts = 1);

/// <summary>What a load left out.</summary>
/// <param name="Missing">Parameters of the model that the file has nothing for.</param>
/// <param name="Unexpected">Tensors of the file that no parameter takes.</param>
public sealed record WeightReport(IReadOnlyList<string> Missing, IReadOnlyList<string> Unexpected);

/// <summary>The weights of a file do not fit the model. Nothing was loaded.</summary>
/// <param name="message">The names, and the shapes where they differ.</param>
public sealed class WeightMismatchException(string message) : Exception(message);

/// <summary>Copies the tensors of a file into the parameters of a model.</summary>
public static class WeightLoader
{
    /// <summary>Loads a model's parameters. All names and shapes are checked before the first is changed.</summary>
    /// <param name="model">The model; values are converted to its dtype and device.</param>
    /// <param name="files">The file or files.</param>
    /// <param name="sources">For each parameter, the tensors it is made of, one block of rows after the other.</param>
    /// <param name="ignored">Which tensors of the file are no parameters, such as stored masks.</param>
    /// <param name="allowPartial">Whether parameters may be missing and tensors unexpected; they are reported then.</param>
    /// <exception cref="WeightMismatchException">Shapes differ; or names are missing or unexpected and <paramref name="allowPartial"/> is false.</exception>
    public static WeightReport Load(
        nn.Module model,
        WeightFiles files,
        IReadOnlyDictionary<string, WeightSource[]> sources,
        Func<string, bool>? ignored = null,
        bool allowPartial = false)
    {
        var seen = new HashSet<IntPtr>(); // a tied parameter is loaded once
        List<(string Name, Parameter Parameter)> parameters = [.. model.named_parameters().Where(entry => seen.Add(entry.parameter.Handle))];
        var missing = new List<string>();
        var used = new HashSet<string>(StringComparer.Ordinal);
        var plan = new List<(Parameter Parameter, WeightSource[] Sources)>();
        var problems = new List<string>();
        foreach ((string name, Parameter parameter) in parameters)
        {
            WeightSource[]? parts = sources.GetValueOrDefault(name);
            if (parts is null || !parts.All(part => files.Contains(part.Name)))
            {
                missing.Add(parts is null ? name : $"{name} (from {string.Join(", ", parts.Select(part => part.Name).Where(part => !files.Contains(part)))})");
                continue;
            }

            used.UnionWith(parts.Select(part => part.Name));
            if (ShapeOf(parts, files) is long[] shape && shape.SequenceEqual(parameter.shape))
            {
                plan.Add((parameter, parts));
            }
            else
            {
                string stored = string.Join(" + ", parts.Select(part => $"'{part.Name}' [{string.Join(", ", files.ShapeOf(part.Name))}]{(part.Transposed ? " transposed" : "")}{(part.Parts > 1 ? $", part {part.Part + 1} of {part.Parts}" : "")}"));
                problems.Add($"'{name}' is [{string.Join(", ", parameter.shape)}] in the model and comes from {stored}");
            }
        }

        List<string> unexpected = [.. files.Names.Where(name => !used.Contains(name) && ignored?.Invoke(name) != true).Order(StringComparer.Ordinal)];
        if (!allowPartial && missing.Count > 0)
        {
            problems.Add($"missing: {List(missing)}");
        }

        if (!allowPartial && unexpected.Count > 0)
        {
            problems.Add($"unexpected: {List(unexpected)}");
        }

        if (problems.Count > 0)
        {
            throw new WeightMismatchException($"The weights of '{files.Path}' do not fit the model '{model.GetName()}': {List(problems, "; ")}.");
        }

        using IDisposable noGradient = no_grad();
        foreach ((Parameter parameter, WeightSource[] parts) in plan)
        {
            using DisposeScope scope = NewDisposeScope();
            parameter.copy_(parts.Length == 1 ? Read(parts[0], files) : cat([.. parts.Select(part => Read(part, files))], 0));
        }

        return new WeightReport(missing, unexpected);
    }

    private static Tensor Read(WeightSource source, WeightFiles files)
    {
        Tensor stored = files.Load(source.Name);
        Tensor rows = source.Transposed ? stored.t() : stored;
        long size = rows.shape.Length == 0 ? 1 : rows.shape[0] / source.Parts;
        return source.Parts == 1 ? rows : rows.narrow(0, source.Part * size, size);
    }

    /// <summary>The shape that the blocks make together, or null when they make none.</summary>
    private static long[]? ShapeOf(WeightSource[] sources, WeightFiles files)
    {
        long[]? total = null;
        foreach (WeightSource source in sources)
        {
            long[] shape = [.. files.ShapeOf(source.Name)];
            if ((source.Transposed && shape.Length != 2) || (source.Parts > 1 && shape.Length == 0))
            {
                return null;
            }

            shape = source.Transposed ? [shape[1], shape[0]] : shape;
            if (source.Parts > 1)
            {
                if (shape[0] % source.Parts != 0)
                {
                    return null;
                }

                shape[0] /= source.Parts;
            }

            if (total is null)
            {
                total = shape;
            }
            else if (total.Length > 0 && total.Length == shape.Length && total.Skip(1).SequenceEqual(shape.Skip(1)))
            {
                total[0] += shape[0];
            }
            else
            {
                return null;
            }
        }

        return total;
    }

    private static string List(List<string> names, string separator = ", ") =>
        string.Join(separator, names.Take(10)) + (names.Count > 10 ? $"{separator}and {names.Count - 10} more" : "");
}
