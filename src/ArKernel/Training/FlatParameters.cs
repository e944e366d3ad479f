using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Training;

/// <summary>
/// Keeps all trainable parameters of a module as views into one flat tensor, and their gradients as views into another, so that an
/// optimizer makes some ten operations a step instead of ten a parameter. Matrices come first and vectors after them: weight decay,
/// which spares biases and gains, is then one operation on a slice. A parameter that is used twice (tied) stands there once.
/// </summary>
public sealed class FlatParameters : IDisposable
{
    private readonly List<Tensor> gradientViews = [];

    /// <summary>Moves the parameters of a module into flat storage; their values stay as they are.</summary>
    /// <param name="module">The module. It must not be moved to another device or dtype afterwards.</param>
    /// <exception cref="ArgumentException">The module has no trainable parameters, or they differ in dtype or device.</exception>
    public FlatParameters(nn.Module module)
    {
        var seen = new HashSet<IntPtr>();
        List<(string Name, Parameter Parameter)> trainable =
            [.. module.named_parameters().Where(entry => entry.parameter.requires_grad && seen.Add(entry.parameter.Handle))];
        if (trainable.Count == 0)
        {
            throw new ArgumentException($"The model '{module.GetName()}' has no trainable parameters.", nameof(module));
        }

        (string firstName, Parameter first) = trainable[0];
        foreach ((string name, Parameter parameter) in trainable)
        {
            if (parameter.dtype != first.dtype || parameter.device_type != first.device_type || parameter.device_index != first.device_index)
            {
                throw new ArgumentException(
                    $"Parameters must share one dtype and device, but '{firstName}' is {first.dtype} on {first.device} and '{name}' is " +
                    $"{parameter.dtype} on {parameter.device}. Move the whole model with model.to(...) before training.",
                    nameof(module));
            }
        }

        Entries = [.. trainable.OrderBy(entry => entry.Parameter.dim() >= 2 ? 0 : 1)];
        long count = Entries.Sum(entry => entry.Parameter.numel());
        MatrixCount = Entries.Where(entry => entry.Parameter.dim() >= 2).Sum(entry => entry.Parameter.numel());

        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Values = empty(count, first.dtype, first.device).DetachFromDisposeScope();
        Gradients = zeros(count, first.dtype, first.device).DetachFromDisposeScope();
        Matrices = Values.narrow(0, 0, MatrixCount).DetachFromDisposeScope();
        long offset = 0;
        foreach ((string _, Parameter parameter) in Entries)
        {
            long size = parameter.numel();
            Tensor view = Values.narrow(0, offset, size).view(parameter.shape);
            view.copy_(parameter);

            // set_ changes what storage the tensor points at, so every module that holds the parameter sees the flat one.
            parameter.set_(view);
            Tensor gradient = Gradients.narrow(0, offset, size).view(parameter.shape).DetachFromDisposeScope();
            parameter.grad = gradient; // autograd adds to a gradient that exists in place
            gradientViews.Add(gradient);
            offset += size;
        }
    }

    /// <summary>The parameters by name, in the order they stand in.</summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> Entries { get; }

    /// <summary>[count]: all parameters.</summary>
    public Tensor Values { get; }

    /// <summary>[count]: all gradients.</summary>
    public Tensor Gradients { get; }

    /// <summary>[<see cref="MatrixCount"/>]: the parameters of two or more axes, a view of <see cref="Values"/>.</summary>
    public Tensor Matrices { get; }

    /// <summary>The number of values in parameters of two or more axes.</summary>
    public long MatrixCount { get; }

    /// <summary>The slice of a flat tensor that belongs to each parameter, in its shape; the caller disposes the views.</summary>
    /// <param name="flat">[count].</param>
    public IEnumerable<(string Name, Tensor View)> Views(Tensor flat)
    {
        long offset = 0;
        foreach ((string name, Parameter parameter) in Entries)
        {
            using Tensor slice = flat.narrow(0, offset, parameter.numel());
            yield return (name, slice.view(parameter.shape));
            offset += parameter.numel();
        }
    }

    /// <summary>Takes the gradients away; the parameters stay in the module, still views of the flat tensor.</summary>
    public void Dispose()
    {
        foreach ((string _, Parameter parameter) in Entries)
        {
            parameter.grad = null;
        }

        gradientViews.ForEach(view => view.Dispose());
        Gradients.Dispose();
        Matrices.Dispose();
        Values.Dispose();
    }
}
