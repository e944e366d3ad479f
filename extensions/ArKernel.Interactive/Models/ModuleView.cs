using System.Text;
using static TorchSharp.torch;

namespace ArKernel.Interactive;

/// <summary>Shows a module as the tree of its parts with their parameter counts; a parameter that parts share counts once.</summary>
internal static class ModuleView
{
    private const int MostNodes = 600;

    public static void Register() => Views.Register<nn.Module>(ToHtml, ToText);

    public static string ToText(nn.Module module)
    {
        StringBuilder text = new($"{Name(module)}  {Total(module)}");
        int nodes = 0;
        Write(module, "");
        return text.ToString();

        void Write(nn.Module parent, string indent)
        {
            foreach ((string name, nn.Module child) in parent.named_children())
            {
                if (++nodes > MostNodes)
                {
                    text.Append(nodes == MostNodes + 1 ? $"\n{indent}  …" : "");
                    return;
                }

                text.Append($"\n{indent}  {name}: {Name(child)}  {Count(child):N0}");
                Write(child, indent + "  ");
            }
        }
    }

    public static string ToHtml(nn.Module module)
    {
        StringBuilder html = new();
        int nodes = 0;
        html.Append($"<div style=\"{Html.Card};{Html.Digits}\">");
        Write("", module, 0);
        return html.Append("</div>").ToString();

        void Write(string name, nn.Module part, int depth)
        {
            if (++nodes > MostNodes)
            {
                html.Append(nodes == MostNodes + 1 ? "<div>…</div>" : "");
                return;
            }

            (string name, nn.Module module)[] children = [.. part.named_children()];
            (string name, TorchSharp.Modules.Parameter parameter)[] parameters = [.. part.named_parameters(false)];
            string label = name.Length > 0 ? $"<span style=\"{Html.Faint}\">{Html.Escape(name)}</span> " : "";
            string count = depth == 0 ? Html.Escape(Total(part)) : Count(part) > 0 ? $"{Count(part):N0}" : "";
            string heading = $"{label}<b>{Html.Escape(Name(part))}</b> <span style=\"{Html.Faint}\">{count}</span>";
            string indent = depth == 0 ? "" : "margin-left:18px";
            if (children.Length + parameters.Length == 0)
            {
                html.Append($"<div style=\"{indent}\"><span style=\"display:inline-block;width:14px\"></span>{heading}</div>");
                return;
            }

            html.Append($"<details style=\"{indent}\"{(depth < 2 ? " open=\"\"" : "")}><summary style=\"cursor:pointer\">{heading}</summary>");
            foreach ((string parameterName, TorchSharp.Modules.Parameter parameter) in parameters)
            {
                string kind = parameter.IsInvalid ? "disposed"
                    : $"{TensorSummary.NameOf(parameter.dtype)} [{string.Join(", ", parameter.shape)}]{(parameter.requires_grad ? "" : ", frozen")}";
                html.Append($"<div style=\"margin-left:32px\"><span style=\"{Html.Faint}\">{Html.Escape(parameterName)}</span> {kind}</div>");
            }

            foreach ((string childName, nn.Module child) in children)
            {
                Write(childName, child, depth + 1);
            }

            html.Append("</details>");
        }
    }

    private static string Name(nn.Module module)
    {
        string type = module.GetType().Name.Split('`')[0];
        string name;
        try
        {
            name = module.GetName();
        }
        catch (ObjectDisposedException)
        {
            name = "(disposed)";
        }

        // TorchSharp's own modules are named after the C++ type behind them.
        bool isOwnName = !string.IsNullOrEmpty(name) && !string.Equals(type, name, StringComparison.Ordinal) && !name.Contains("::", StringComparison.Ordinal);
        return !isOwnName ? type : $"{type} {name}";
    }

    private static string Total(nn.Module module)
    {
        TorchSharp.Modules.Parameter[] parameters = Distinct(module);
        long frozen = parameters.Where(parameter => !parameter.requires_grad).Sum(parameter => parameter.numel());
        return $"{Count(module):N0} parameters{(frozen > 0 ? $", {frozen:N0} of them frozen" : "")}, {Html.Bytes(parameters.Sum(parameter => parameter.numel() * parameter.element_size()))}";
    }

    private static long Count(nn.Module module) => Distinct(module).Sum(parameter => parameter.numel());

    private static TorchSharp.Modules.Parameter[] Distinct(nn.Module module) => [.. module.parameters().Where(parameter => !parameter.IsInvalid).DistinctBy(parameter => parameter.Handle)];
}
