using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Codecs;

internal static class GroupNormalization
{
    /// <summary>A group normalization of unit gain; TorchSharp 0.107 leaves its gain and bias uninitialized.</summary>
    internal static GroupNorm Create(int groups, long channels, Device? device)
    {
        GroupNorm norm = nn.GroupNorm(groups, channels, eps: 1e-6, device: device);
        nn.init.ones_(norm.weight!);
        nn.init.zeros_(norm.bias!);
        return norm;
    }
}

/// <summary>x + conv(SiLU(norm(conv(SiLU(norm(x)))))), the skip being a 1×1 convolution where the width changes.</summary>
internal sealed class ResidualBlock : nn.Module<Tensor, Tensor>
{
    private readonly GroupNorm firstNorm;
    private readonly Conv2d first;
    private readonly GroupNorm secondNorm;
    private readonly Conv2d second;
    private readonly Conv2d? skip;

    internal ResidualBlock(long input, long output, int groups, Device? device)
        : base(nameof(ResidualBlock))
    {
        firstNorm = GroupNormalization.Create(groups, input, device);
        first = nn.Conv2d(input, output, 3, padding: 1, device: device);
        secondNorm = GroupNormalization.Create(groups, output, device);
        second = nn.Conv2d(output, output, 3, padding: 1, device: device);
        skip = input == output ? null : nn.Conv2d(input, output, 1, device: device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        Tensor x = first.forward(nn.functional.silu(firstNorm.forward(input)));
        x = second.forward(nn.functional.silu(secondNorm.forward(x)));
        return x + (skip is null ? input : skip.forward(input));
    }
}

/// <summary>Self-attention of one head among all pixels, around a residual.</summary>
internal sealed class PixelAttention : nn.Module<Tensor, Tensor>
{
    private readonly GroupNorm norm;
    private readonly Conv2d queryKeyValue;
    private readonly Conv2d output;

    internal PixelAttention(long channels, int groups, Device? device)
        : base(nameof(PixelAttention))
    {
        norm = GroupNormalization.Create(groups, channels, device);
        queryKeyValue = nn.Conv2d(channels, 3 * channels, 1, device: device);
        output = nn.Conv2d(channels, channels, 1, device: device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        Tensor[] parts = queryKeyValue.forward(norm.forward(input)).flatten(2).transpose(1, 2).chunk(3, 2);
        Tensor mixed = nn.functional.scaled_dot_product_attention(parts[0], parts[1], parts[2]);
        return input + output.forward(mixed.transpose(1, 2).reshape(input.shape));
    }
}

/// <summary>Halves the side by a 3×3 convolution of stride 2; the padding is at the bottom and the right only, as in VQGAN.</summary>
internal sealed class Downsample : nn.Module<Tensor, Tensor>
{
    private readonly Conv2d convolution;

    internal Downsample(long channels, Device? device)
        : base(nameof(Downsample))
    {
        convolution = nn.Conv2d(channels, channels, 3, stride: 2, device: device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => convolution.forward(nn.functional.pad(input, [0, 1, 0, 1]));
}

/// <summary>Doubles the side by repeating pixels, then a 3×3 convolution.</summary>
internal sealed class Upsample : nn.Module<Tensor, Tensor>
{
    private readonly Conv2d convolution;

    internal Upsample(long channels, Device? device)
        : base(nameof(Upsample))
    {
        convolution = nn.Conv2d(channels, channels, 3, padding: 1, device: device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) =>
        convolution.forward(nn.functional.interpolate(input, [2 * input.shape[2], 2 * input.shape[3]], mode: InterpolationMode.Nearest));
}

/// <summary>Images [batch, image channels, side, side] to what becomes the latent [batch, output channels, side / f, side / f].</summary>
internal sealed class ConvolutionalEncoder : nn.Module<Tensor, Tensor>
{
    private readonly Sequential layers;

    internal ConvolutionalEncoder(AutoencoderConfiguration shape, long outputChannels, Device? device = null)
        : base(nameof(ConvolutionalEncoder))
    {
        shape.Validate();
        long width = shape.Channels;
        int groups = shape.NormalizationGroups;
        List<nn.Module<Tensor, Tensor>> parts = [nn.Conv2d(shape.ImageChannels, width, 3, padding: 1, device: device)];
        for (int level = 0; level < shape.Multipliers.Count; level++)
        {
            bool isLowest = level == shape.Multipliers.Count - 1;
            for (int block = 0; block < shape.EncoderBlocks; block++)
            {
                long next = (long)shape.Channels * shape.Multipliers[level];
                parts.Add(new ResidualBlock(width, next, groups, device));
                width = next;
                if (isLowest && shape.Attention)
                {
                    parts.Add(new PixelAttention(width, groups, device));
                }
            }

            if (!isLowest)
            {
                parts.Add(new Downsample(width, device));
            }
        }

        if (shape.Attention)
        {
            parts.AddRange([new ResidualBlock(width, width, groups, device), new PixelAttention(width, groups, device), new ResidualBlock(width, width, groups, device)]);
        }

        int kernel = shape.LatentKernel;
        parts.AddRange(
        [
            GroupNormalization.Create(groups, width, device),
            nn.SiLU(),
            nn.Conv2d(width, shape.EncoderChannels, 3, padding: 1, device: device),
            nn.Conv2d(shape.EncoderChannels, outputChannels, kernel, padding: kernel / 2, device: device),
        ]);
        layers = nn.Sequential(parts);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => layers.forward(input);
}

/// <summary>The latent [batch, latent channels, side / f, side / f] to images [batch, image channels, side, side].</summary>
internal sealed class ConvolutionalDecoder : nn.Module<Tensor, Tensor>
{
    private readonly Sequential layers;

    internal ConvolutionalDecoder(AutoencoderConfiguration shape, Device? device = null)
        : base(nameof(ConvolutionalDecoder))
    {
        shape.Validate();
        int groups = shape.NormalizationGroups, kernel = shape.LatentKernel;
        long width = (long)shape.Channels * shape.Multipliers[^1];
        List<nn.Module<Tensor, Tensor>> parts =
        [
            nn.Conv2d(shape.LatentChannels, shape.EncoderChannels, kernel, padding: kernel / 2, device: device),
            nn.Conv2d(shape.EncoderChannels, width, 3, padding: 1, device: device),
        ];
        if (shape.Attention)
        {
            parts.AddRange([new ResidualBlock(width, width, groups, device), new PixelAttention(width, groups, device), new ResidualBlock(width, width, groups, device)]);
        }

        for (int level = shape.Multipliers.Count - 1; level >= 0; level--)
        {
            for (int block = 0; block < shape.DecoderBlocks; block++)
            {
                long next = (long)shape.Channels * shape.Multipliers[level];
                parts.Add(new ResidualBlock(width, next, groups, device));
                width = next;
                if (shape.Attention && level == shape.Multipliers.Count - 1)
                {
                    parts.Add(new PixelAttention(width, groups, device));
                }
            }

            if (level > 0)
            {
                parts.Add(new Upsample(width, device));
            }
        }

        parts.AddRange(
        [
            GroupNormalization.Create(groups, width, device),
            nn.SiLU(),
            nn.Conv2d(width, shape.ImageChannels, 3, padding: 1, device: device),
        ]);
        layers = nn.Sequential(parts);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => layers.forward(input);
}
