using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.Semantic;

/// <summary>The cost of plans between two spaces and the steps that lower it.</summary>
internal sealed class GromovWassersteinProblem
{
    private const int MostSweeps = 1000;
    private const double Roughness = 1e-13; // how far Sinkhorn's marginals may stay off before they are mended
    private readonly Matrix<double> first;
    private readonly Matrix<double> second;
    private readonly double[] p;
    private readonly double[] q;
    private readonly double[] spreadFirst; // Σ_k C₁[i,k]² p_k
    private readonly double[] spreadSecond;

    public GromovWassersteinProblem(double[,] first, double[,] second, double[] p, double[] q)
    {
        (this.first, this.second, this.p, this.q) = (Matrix<double>.Build.DenseOfArray(first), Matrix<double>.Build.DenseOfArray(second), p, q);
        spreadFirst = [.. (this.first.PointwiseMultiply(this.first) * Vector<double>.Build.DenseOfArray(p))];
        spreadSecond = [.. (this.second.PointwiseMultiply(this.second) * Vector<double>.Build.DenseOfArray(q))];
    }

    /// <summary>p qᵀ.</summary>
    public double[,] Independent() => Map((i, j) => p[i] * q[j]);

    /// <summary>A random coupling.</summary>
    public double[,] Start(Random random) => Sinkhorn(Map((_, _) => Normal.Sample(random, 0, 2)), 500);

    /// <summary>Σ (C₁[i,k] − C₂[j,l])² T[i,j] T[k,l].</summary>
    public double Cost(double[,] plan)
    {
        double[,] gradient = Gradient(plan);
        double cost = 0;
        for (int i = 0; i < p.Length; i++)
        {
            for (int j = 0; j < q.Length; j++)
            {
                cost += gradient[i, j] * plan[i, j];
            }
        }

        return Math.Max(0, cost);
    }

    /// <summary>A stationary plan downhill of a start.</summary>
    public double[,] Search(double[,] plan)
    {
        double scale = Largest(Gradient(plan));
        if (scale == 0)
        {
            return plan;
        }

        for (double temperature = scale / 2; temperature > scale / 200; temperature *= 0.7)
        {
            for (int inner = 0; inner < 3; inner++)
            {
                double[,] gradient = Gradient(plan);
                plan = Sinkhorn(Map((i, j) => -gradient[i, j] / temperature), 100);
            }
        }

        Exchange(plan, scale);
        return plan;
    }

    /// <summary>
    /// Takes the entropy's bias away: mass goes from (i, j) and (k, l) to (i, l) and (k, j) as far as that lowers the cost. Along D = u vᵀ, u = e_k − e_i,
    /// v = e_j − e_l, the cost is quadratic, with slope 2 ⟨G, D⟩ and curvature −4 (uᵀ C₁ u)(vᵀ C₂ v), and its least value is known exactly.
    /// </summary>
    private void Exchange(double[,] plan, double scale)
    {
        double[,] gradient = Gradient(plan);
        bool moved = true;
        for (int sweep = 0; sweep < MostSweeps && moved; sweep++)
        {
            moved = false;
            for (int i = 0; i < p.Length; i++)
            {
                for (int j = 0; j < q.Length; j++)
                {
                    for (int k = 0; k < p.Length && plan[i, j] > 0; k++)
                    {
                        double bendFirst = first[i, i] + first[k, k] - 2 * first[i, k];
                        for (int l = 0; l < q.Length && k != i; l++)
                        {
                            double most = l == j ? 0 : Math.Min(plan[i, j], plan[k, l]);
                            if (most <= 0)
                            {
                                continue;
                            }

                            double slope = 2 * (gradient[k, j] + gradient[i, l] - gradient[i, j] - gradient[k, l]);
                            double bend = -2 * bendFirst * (second[j, j] + second[l, l] - 2 * second[j, l]); // half the curvature
                            double step = bend > 0 ? Math.Clamp(-slope / (2 * bend), 0, most) : slope + bend * most < 0 ? most : 0;
                            if (step * (slope + bend * step) < -1e-15 * scale)
                            {
                                Move(plan, gradient, i, j, k, l, step);
                                moved = true;
                            }
                        }
                    }
                }
            }
        }
    }

    private void Move(double[,] plan, double[,] gradient, int i, int j, int k, int l, double step)
    {
        (plan[i, j], plan[k, l], plan[i, l], plan[k, j]) = (plan[i, j] - step, plan[k, l] - step, plan[i, l] + step, plan[k, j] + step);
        for (int a = 0; a < p.Length; a++)
        {
            double left = first[a, k] - first[a, i];
            for (int b = 0; b < q.Length; b++)
            {
                gradient[a, b] -= 2 * step * left * (second[j, b] - second[l, b]);
            }
        }
    }

    private double[,] Gradient(double[,] plan)
    {
        Matrix<double> product = first * Matrix<double>.Build.DenseOfArray(plan) * second;
        return Map((i, j) => spreadFirst[i] + spreadSecond[j] - 2 * product[i, j]);
    }

    /// <summary>The coupling p, q of the form a_i e^(log[i,j]) b_j, in logarithms; what its marginals still lack is mended, so that every plan is a true coupling.</summary>
    private double[,] Sinkhorn(double[,] log, int rounds)
    {
        (int rows, int columns) = (p.Length, q.Length);
        (double[] a, double[] b) = (new double[rows], new double[columns]);
        for (int round = 0; round < rounds; round++)
        {
            double change = 0;
            for (int i = 0; i < rows; i++)
            {
                double updated = Math.Log(p[i]) - LogSum(columns, j => log[i, j] + b[j]);
                change = Math.Max(change, Math.Abs(updated - a[i]));
                a[i] = updated;
            }

            for (int j = 0; j < columns; j++)
            {
                b[j] = Math.Log(q[j]) - LogSum(rows, i => log[i, j] + a[i]);
            }

            if (change < Roughness)
            {
                break;
            }
        }

        return Rounded(Map((i, j) => Math.Exp(log[i, j] + a[i] + b[j])));
    }

    /// <summary>Altschuler, Weed and Rigollet (2017): scale rows and columns that have too much down, and spread what is missing as a product.</summary>
    private double[,] Rounded(double[,] plan)
    {
        for (int i = 0; i < p.Length; i++)
        {
            double sum = Enumerable.Range(0, q.Length).Sum(j => plan[i, j]);
            for (int j = 0; j < q.Length && sum > p[i]; j++)
            {
                plan[i, j] *= p[i] / sum;
            }
        }

        for (int j = 0; j < q.Length; j++)
        {
            double sum = Enumerable.Range(0, p.Length).Sum(i => plan[i, j]);
            for (int i = 0; i < p.Length && sum > q[j]; i++)
            {
                plan[i, j] *= q[j] / sum;
            }
        }

        double[] missingRows = [.. Enumerable.Range(0, p.Length).Select(i => Math.Max(0, p[i] - Enumerable.Range(0, q.Length).Sum(j => plan[i, j])))];
        double[] missingColumns = [.. Enumerable.Range(0, q.Length).Select(j => Math.Max(0, q[j] - Enumerable.Range(0, p.Length).Sum(i => plan[i, j])))];
        double missing = missingRows.Sum();
        return missing <= 0 ? plan : Map((i, j) => plan[i, j] + missingRows[i] * missingColumns[j] / missing);
    }

    private double[,] Map(Func<int, int, double> value)
    {
        double[,] matrix = new double[p.Length, q.Length];
        for (int i = 0; i < p.Length; i++)
        {
            for (int j = 0; j < q.Length; j++)
            {
                matrix[i, j] = value(i, j);
            }
        }

        return matrix;
    }

    private static double Largest(double[,] matrix) => matrix.Cast<double>().Max(Math.Abs);

    private static double LogSum(int count, Func<int, double> term)
    {
        double most = double.NegativeInfinity, sum = 0;
        for (int i = 0; i < count; i++)
        {
            most = Math.Max(most, term(i));
        }

        for (int i = 0; i < count; i++)
        {
            sum += Math.Exp(term(i) - most);
        }

        return most + Math.Log(sum);
    }
}
