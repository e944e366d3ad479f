using System.Text;
using ArKernel.Orders;

namespace ArKernel.Interactive;

/// <summary>A generation order as a picture: every position of its grids with the number of the step that predicts it.</summary>
internal static class OrderView
{
    private const int MostCells = 4096;
    private const double Width = 640, Gap = 12;

    public static string ToHtml(GenerationOrder order)
    {
        string head = $"<div style=\"{Html.Card}\"><b>{Html.Escape(order.Name)}</b> {Html.Escape(Summary(order))}";
        return order.PositionCount > MostCells ? $"{head}</div>" : $"{head}<br/>{Picture(order)}</div>";
    }

    public static string ToText(GenerationOrder order)
    {
        StringBuilder text = new($"{order.Name}: {Summary(order)}");
        if (order.PositionCount > MostCells)
        {
            return text.ToString();
        }

        int digits = (order.StepCount - 1).ToString().Length, next = 0;
        int[] steps = StepsShown(order);
        foreach ((int rows, int columns) in order.Grids)
        {
            text.Append(next > 0 ? "\n" : "");
            for (int row = 0; row < rows; row++, next += columns)
            {
                text.Append('\n').AppendJoin(' ', steps[next..(next + columns)].Select(step => step.ToString().PadLeft(digits)));
            }
        }

        return text.ToString();
    }

    private static string Summary(GenerationOrder order)
    {
        string grids = string.Join(", ", order.Grids.GroupBy(grid => grid).Select(same => $"{(same.Count() > 1 ? $"{same.Count()} of " : "")}{same.Key.Rows}×{same.Key.Columns}"));
        return $"{order.PositionCount} positions ({grids}) in {order.StepCount} {(order.StepCount == 1 ? "step" : "steps")}{(order.IsDrawn ? "; which positions a step has is drawn for every sample, this is one draw" : "")}";
    }

    private static string Picture(GenerationOrder order)
    {
        int digits = (order.StepCount - 1).ToString().Length;
        double cell = Math.Clamp((Width - (order.Grids.Count - 1) * Gap) / order.Grids.Sum(grid => grid.Columns), digits * 7 + 4, 26);
        int[] steps = StepsShown(order);
        StringBuilder cells = new();
        double left = 0, top = 0, lineHeight = 0, right = 0;
        int next = 0;
        foreach ((int rows, int columns) in order.Grids)
        {
            int shown = Math.Min(columns, (int)(Width / cell)); // a long row goes on below
            int lines = rows * ((columns + shown - 1) / shown);
            if (left > 0 && left + shown * cell > Width)
            {
                (left, top, lineHeight) = (0, top + lineHeight + Gap, 0);
            }

            for (int i = 0; i < rows * columns; i++, next++)
            {
                int column = i % columns % shown, line = i / columns * ((columns + shown - 1) / shown) + i % columns / shown;
                double place = order.StepCount == 1 ? 0.5 : (double)steps[next] / (order.StepCount - 1);
                (byte R, byte G, byte B) color = ColorScale.Sequential(place);
                string ink = color.R * 0.3 + color.G * 0.59 + color.B * 0.11 > 140 ? "#000" : "#fff";
                cells.Append($"<rect x=\"{Html.Pixel(left + column * cell)}\" y=\"{Html.Pixel(top + line * cell)}\" width=\"{Html.Pixel(cell - 1)}\" height=\"{Html.Pixel(cell - 1)}\" fill=\"{ColorScale.Css(color)}\"/>")
                    .Append($"<text x=\"{Html.Pixel(left + (column + 0.5) * cell - 0.5)}\" y=\"{Html.Pixel(top + (line + 0.5) * cell + 3.5)}\" fill=\"{ink}\">{steps[next]}</text>");
            }

            right = Math.Max(right, left + shown * cell);
            lineHeight = Math.Max(lineHeight, lines * cell);
            left += shown * cell + Gap;
        }

        double height = top + lineHeight;
        return $"<svg viewBox=\"0 0 {Html.Pixel(right)} {Html.Pixel(height)}\" width=\"{Html.Pixel(right)}\" style=\"max-width:100%;height:auto\" role=\"img\" aria-label=\"{Html.Escape($"the steps of the order {order.Name}")}\" "
            + $"font-family=\"system-ui,sans-serif\" font-size=\"10\" text-anchor=\"middle\">{cells}</svg>";
    }

    /// <summary>The step of every position; of an order that is drawn, in one draw, always the same.</summary>
    private static int[] StepsShown(GenerationOrder order)
    {
        int[] steps = order.StepOf.ToArray();
        if (order.IsDrawn)
        {
            new Random(1).Shuffle(steps);
        }

        return steps;
    }
}
