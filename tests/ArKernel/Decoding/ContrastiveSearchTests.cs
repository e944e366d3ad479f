using ArKernel.Backbones;
using ArKernel.Decoding;
using ArKernel.Heads;
using ArKernel.Recipes;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Decoding;

public sealed class ContrastiveSearchTests
{
    private const int Vocabulary = 6, Length = 12;

    private static AutoregressiveModel Text(ulong seed) => NextToken.Compose(DecoderConfiguration.Llama(Vocabulary, 16, 2, 4, 2, 20, Length)).Randomized(seed);

    [Theory]
    [InlineData(1, 0.6)]
    [InlineData(4, 0)]
    [InlineData(100, 0)]
    public void One_candidate_or_no_penalty_is_greedy_sampling(int candidates, double penalty)
    {
        using AutoregressiveModel model = Text(1);
        using Tensor prompts = RandomIds(2, Vocabulary, 3, 2);
        AssertSame(Sampler.Continue(model, prompts, 9, SamplingOptions.Greedy), ContrastiveSearch.Continue(model, prompts, 9, candidates, penalty));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void It_chooses_what_the_formula_chooses_when_everything_is_computed_anew(int promptLength)
    {
        const int k = 3;
        const double alpha = 0.7;
        for (ulong seed = 1; seed <= 3; seed++)
        {
            using var scope = NewDisposeScope();
            AutoregressiveModel model = Text(seed);
            var head = (CategoricalHead)model.Head;
            Tensor prompts = RandomIds(seed, Vocabulary, 2, promptLength);
            Tensor found = ContrastiveSearch.Continue(model, prompts, 6, k, alpha);
            for (int row = 0; row < 2; row++)
            {
                List<long> tokens = [.. prompts[row].data<long>()];
                while (tokens.Count < promptLength + 6)
                {
                    // Hidden row j + 1 has read token j; one or two tokens more make room for the rows.
                    Tensor Rows(params long[] more) => model.Hidden(tensor([.. tokens, .. more, 0]).unsqueeze(0))[0];
                    float[] p = head.Logits(Rows()[tokens.Count]).softmax(-1).data<float>().ToArray();
                    long best = Enumerable.Range(0, Vocabulary).OrderByDescending(v => p[v]).Take(k).MaxBy(v =>
                    {
                        Tensor rows = Rows(v), state = rows[tokens.Count + 1];
                        double likeness = tokens.Select((_, j) => (double)nn.functional.cosine_similarity(state.unsqueeze(0), rows[j + 1].unsqueeze(0)).item<float>()).DefaultIfEmpty(0).Max();
                        return (1 - alpha) * p[v] - alpha * likeness;
                    });
                    tokens.Add(best);
                }

                Assert.Equal(tokens, found[row].data<long>().ToArray());
            }
        }
    }

    [Fact]
    public void A_full_penalty_never_repeats_a_state_while_another_is_left()
    {
        // In the chain a state is the last token, so the likeness is 1 for a token seen and 0 for a new one.
        double[] row = [0.4, 0.3, 0.2, 0.1];
        using AutoregressiveModel model = MarkovChain.Create(row, [row, row, row, row], 6);
        using Tensor prompt = empty([1, 0], ScalarType.Int64), found = ContrastiveSearch.Continue(model, prompt, 4, candidates: 4, penalty: 0.9);
        Assert.Equal([0, 1, 2, 3], found.data<long>().ToArray());
    }

    [Fact]
    public void What_cannot_be_searched_is_one_clear_error()
    {
        using AutoregressiveModel model = Text(1);
        using Tensor prompt = RandomIds(1, Vocabulary, 1, 2);
        Assert.Contains("exceed the 11 tokens", Assert.Throws<ArgumentException>(() => ContrastiveSearch.Continue(model, prompt, 10)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => ContrastiveSearch.Continue(model, prompt, 1, candidates: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => ContrastiveSearch.Continue(model, prompt, 1, penalty: 1.5));
    }
}
