using ArKernel.Backbones;
using ArKernel.Heads;
using static TorchSharp.torch;

namespace ArKernel.Decoding;

/// <summary>What the searches need of a model and prompt.</summary>
internal static class TokenSearch
{
    public static CategoricalHead Check(string search, AutoregressiveModel model, Tensor prompt, int steps, int longest)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        if (!model.Order.IsRaster || model.Head is not CategoricalHead head)
        {
            throw new ArgumentException(
                $"{search} needs raster order and a CategoricalHead; model '{model.GetName()}' has order '{model.Order.Name}' and {model.Head.GetName()}.", nameof(model));
        }

        if (prompt.dim() != 2 || prompt.dtype != ScalarType.Int64)
        {
            throw new ArgumentException($"{search}: the prompt is [{string.Join(", ", prompt.shape)}] {prompt.dtype}; it must be [batch, tokens] Int64.", nameof(prompt));
        }

        return prompt.shape[1] + steps <= longest
            ? head
            : throw new ArgumentException($"{search}: {prompt.shape[1]} prompt tokens and {steps} more exceed the {longest} tokens that the model has room for.", nameof(steps));
    }

    public static KeyValueCache NewCache(string search, AutoregressiveModel model, long batch) => model.Backbone.NewCache(batch)
        ?? throw new ArgumentException($"{search} needs a backbone with a cache; model '{model.GetName()}' has {model.Backbone.GetName()}.", nameof(model));
}
