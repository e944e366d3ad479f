namespace ArKernel.Weights;

/// <summary>The values of the two 8-bit floating-point formats (Micikevicius et al., "FP8 Formats for Deep Learning", 2022, table 1).</summary>
internal static class Float8
{
    /// <summary>[256] float32: the value of every code.</summary>
    /// <param name="type"><c>F8_E4M3</c> (no infinities; NaN is S.1111.111) or <c>F8_E5M2</c> (IEEE-like).</param>
    internal static float[] Values(string type)
    {
        (int mantissaBits, int bias) = type == "F8_E4M3" ? (3, 7) : (2, 15);
        var values = new float[256];
        for (int code = 0; code < 256; code++)
        {
            int exponent = (code & 0x7f) >> mantissaBits, mantissa = code & ((1 << mantissaBits) - 1);
            float fraction = mantissa / (float)(1 << mantissaBits);
            float magnitude = exponent == 0
                ? MathF.ScaleB(fraction, 1 - bias)
                : MathF.ScaleB(1 + fraction, exponent - bias);
            if (type == "F8_E4M3")
            {
                magnitude = (code & 0x7f) == 0x7f ? float.NaN : magnitude;
            }
            else if (exponent == 31)
            {
                magnitude = mantissa == 0 ? float.PositiveInfinity : float.NaN;
            }

            values[code] = code < 128 ? magnitude : -magnitude;
        }

        return values;
    }
}
