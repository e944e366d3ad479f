namespace ArKernel.Interactive;

/// <summary>Colours for numbers.</summary>
internal static class ColorScale
{
    // Perceptually even, readable without red-green vision: dark blue, teal, green, yellow.
    private static readonly (byte R, byte G, byte B)[] SequentialStops =
        [(68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141), (39, 173, 129), (92, 200, 99), (170, 220, 50), (253, 231, 37)];

    private static readonly (byte R, byte G, byte B)[] DivergingStops =
        [(33, 80, 150), (72, 130, 190), (150, 190, 220), (240, 240, 238), (240, 175, 145), (210, 95, 75), (150, 25, 45)];

    /// <summary>The colour of series <paramref name="index"/>: middle tones that stand out from white and from black.</summary>
    public static string OfSeries(int index) => Palette[index % Palette.Length];

    private static string[] Palette { get; } = ["#3b82c4", "#e07b39", "#3fa066", "#b066c9", "#d0505f", "#8f8f3c", "#2fa3a8", "#a1735b"];

    /// <summary>The colour of a number from 0 to 1.</summary>
    public static (byte R, byte G, byte B) Sequential(double value) => Between(SequentialStops, value);

    /// <summary>The colour of a number from 0 (blue) over ½ (white) to 1 (red).</summary>
    public static (byte R, byte G, byte B) Diverging(double value) => Between(DivergingStops, value);

    /// <summary>A colour as CSS writes it.</summary>
    public static string Css((byte R, byte G, byte B) color) => $"#{color.R:x2}{color.G:x2}{color.B:x2}";

    private static (byte R, byte G, byte B) Between((byte R, byte G, byte B)[] stops, double value)
    {
        double place = Math.Clamp(double.IsNaN(value) ? 0 : value, 0, 1) * (stops.Length - 1);
        int below = Math.Min((int)place, stops.Length - 2);
        double part = place - below;
        return (Mix(stops[below].R, stops[below + 1].R), Mix(stops[below].G, stops[below + 1].G), Mix(stops[below].B, stops[below + 1].B));

        byte Mix(byte a, byte b) => (byte)Math.Round(a + (b - a) * part);
    }
}
