using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Training;

/// <summary>AdamW over flat storage (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2).</summary>
public sealed class FlatAdamW : IDisposable
{
    private readonly FlatParameters parameters;
    private readonly Tensor meanWeight;

    /// <summary>Creates the optimizer with zero moments.</summary>
    /// <param name="parameters">The parameters to update.</param>
    /// <param name="beta1">Decay rate of the gradient's running mean (β₁).</param>
    /// <param name="beta2">Decay rate of the squared gradient's running mean (β₂).</param>
    /// <param name="epsilon">Added to the denominator (ε).</param>
    /// <param name="weightDecay">Decoupled weight decay of matrices.</param>
    public FlatAdamW(FlatParameters parameters, double beta1 = 0.9, double beta2 = 0.95, double epsilon = 1e-8, double weightDecay = 0.1)
    {
        this.parameters = parameters;
        (Beta1, Beta2, Epsilon, WeightDecay) = (beta1, beta2, epsilon, weightDecay);
        Mean = zeros_like(parameters.Values).DetachFromDisposeScope();
        Square = zeros_like(parameters.Values).DetachFromDisposeScope();
        meanWeight = tensor(1 - beta1, parameters.Values.dtype, parameters.Values.device).DetachFromDisposeScope();
    }

    /// <summary>[count]: the gradient's running mean (m).</summary>
    public Tensor Mean { get; }

    /// <summary>[count]: the squared gradient's running mean (v).</summary>
    public Tensor Square { get; }

    private double Beta1 { get; }

    private double Beta2 { get; }

    private double Epsilon { get; }

    private double WeightDecay { get; }

    /// <summary>Makes one update from the gradients, and sets them to zero.</summary>
    /// <param name="step">The number of the update, from 0: it determines the correction of the moments' bias towards zero.</param>
    /// <param name="learningRate">The learning rate.</param>
    public void Update(long step, double learningRate)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope(); // some of TorchSharp's in-place operations return a second handle
        Tensor gradients = parameters.Gradients;
        double meanCorrection = 1 - Math.Pow(Beta1, step + 1);
        double rootSquareCorrection = Math.Sqrt(1 - Math.Pow(Beta2, step + 1));

        Mean.lerp_(gradients, meanWeight);
        Square.mul_(Beta2).addcmul_(gradients, gradients, 1 - Beta2);
        if (WeightDecay > 0 && parameters.MatrixCount > 0)
        {
            parameters.Matrices.mul_(1 - learningRate * WeightDecay);
        }

        // The gradients are used up, so their storage serves as the work space: no temporary of the model's size is ever made.
        gradients.copy_(Square).sqrt_().add_(Epsilon * rootSquareCorrection);
        parameters.Values.addcdiv_(Mean, gradients, -learningRate * rootSquareCorrection / meanCorrection);
        gradients.zero_();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Mean.Dispose();
        Square.Dispose();
        meanWeight.Dispose();
    }
}
