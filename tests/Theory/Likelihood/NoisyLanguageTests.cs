using ArKernel.Theory.Likelihood;

namespace ArKernel.Theory.Tests.Likelihood;

public sealed class NoisyLanguageTests
{
    [Theory]
    [InlineData(2, 1)]
    [InlineData(2, 10)]
    [InlineData(3, 12)]
    [InlineData(2, 40)]
    public void The_mode_turns_bad_at_one_over_the_number_of_good_outputs_and_one(int good, int length)
    {
        double critical = 1 / (Math.Pow(good, length) + 1);
        Assert.Equal(1, NoisyLanguage.Threshold(-length * Math.Log(good)) / critical, 1e-9);
        Assert.False(new NoisyLanguage(good, 5, length, critical * (1 - 1e-6)).Analyse().ModeIsEmpty);
        Assert.True(new NoisyLanguage(good, 5, length, critical * (1 + 1e-6)).Analyse().ModeIsEmpty);
    }

    [Fact]
    public void One_bad_sample_in_a_thousand_million_suffices_among_2_to_the_100_good_outputs()
    {
        NoisyLanguageReport report = new NoisyLanguage(2, 4, 100, 1e-9).Analyse();
        Assert.True(report.ModeIsEmpty);
        Assert.Equal(1e-9, report.BadSamples, 1e-15);
        Assert.Equal(Math.ScaleB(1, -100), report.Threshold, 1e-42);
    }

    [Fact]
    public void Noise_of_low_entropy_breaks_the_mode_and_noise_of_high_entropy_the_samples()
    {
        NoisyLanguageReport low = new NoisyLanguage(2, 10, 50, 0.001).Analyse(), high = new NoisyLanguage(2, 10, 50, 0, 0.05).Analyse();
        Assert.True(low.ModeIsEmpty && low.BadSamples < 0.002);
        Assert.True(!high.ModeIsEmpty && high.BadSamples > 0.8);
        Assert.True(low.ConditionalModeIsGood && high.ConditionalModeIsGood);
        Assert.False(new NoisyLanguage(2, 10, 50, 0, 1).Analyse().ConditionalModeIsGood);
    }

    [Theory]
    [InlineData(0.02, 0.3)]
    [InlineData(0.2, 0)]
    [InlineData(0, 0.9)]
    public void Every_probability_is_that_of_enumeration(double empty, double noise)
    {
        const int good = 2, vocabulary = 3, length = 4;
        double[] outputs = new double[81];
        bool[] valid = new bool[81];
        for (int clean = 0; clean < 16; clean++)
        {
            for (int output = 0; output < 81; output++)
            {
                double p = (1 - empty) / 16;
                bool allGood = true;
                for (int place = 0, rest = output; place < length; place++, rest /= vocabulary)
                {
                    int token = rest % vocabulary, meant = clean >> place & 1;
                    p *= noise / vocabulary + (token == meant ? 1 - noise : 0);
                    allGood &= token < good;
                }

                outputs[output] += p;
                valid[output] = allGood;
            }
        }

        NoisyLanguageReport report = new NoisyLanguage(good, vocabulary, length, empty, noise).Analyse();
        Assert.Equal(report.BadSamples, empty + Enumerable.Range(0, 81).Where(i => !valid[i]).Sum(i => outputs[i]), 1e-12);
        Assert.All(Enumerable.Range(0, 81).Where(i => valid[i]), i => Assert.Equal((1 - empty) * Math.Exp(report.LogGood), outputs[i], 1e-12));
        Assert.Equal((1 - empty) * Math.Exp(report.LogSpoilt), Enumerable.Range(0, 81).Where(i => !valid[i]).Max(i => outputs[i]), 1e-12);
        Assert.Equal(report.ModeIsEmpty, empty > outputs.Max());
    }

    [Fact]
    public void Rates_that_are_no_probabilities_are_refused()
    {
        Assert.Throws<NotADistributionException>(() => new NoisyLanguage(2, 4, 10, 1.1).Analyse());
        Assert.Throws<NotADistributionException>(() => new NoisyLanguage(2, 4, 10, 0, double.NaN).Analyse());
        Assert.Throws<ArgumentException>(() => new NoisyLanguage(4, 4, 10, 0.1).Analyse());
        Assert.Throws<NotADistributionException>(() => NoisyLanguage.Threshold(0.1));
    }
}
