using ArKernel.Backbones;
using ArKernel.Heads;
using ArKernel.Queries;
using static TorchSharp.torch;

namespace ArKernel;

/// <summary>
/// The slots of consecutive steps of an order. Most models have one stage; a model whose later steps are predicted otherwise has more (CTF: a
/// parallel network for fine tokens; Hi-MAR: dense tokens after a low-resolution phase). Stages may share modules.
/// </summary>
public sealed class Stage : nn.Module
{
    private readonly Query query;
    private readonly Backbone backbone;
    private readonly Head head;

    /// <summary>Fills the slots.</summary>
    /// <param name="firstStep">The first step that this stage predicts.</param>
    /// <param name="query">What stands at a position that is about to be predicted.</param>
    /// <param name="backbone">How a position sees its context.</param>
    /// <param name="head">What distribution a group gets.</param>
    public Stage(int firstStep, Query query, Backbone backbone, Head head)
        : base(nameof(Stage))
    {
        (FirstStep, this.query, this.backbone, this.head) = (firstStep, query, backbone, head);
        RegisterComponents();
    }

    /// <summary>The first step that this stage predicts.</summary>
    public int FirstStep { get; }

    /// <summary>What stands at a position that is about to be predicted.</summary>
    public Query Query => query;

    /// <summary>How a position sees its context.</summary>
    public Backbone Backbone => backbone;

    /// <summary>What distribution a group gets.</summary>
    public Head Head => head;
}
