using System.Text.Json;
using ArKernel.Cli;

namespace ArKernel.Notebooks.Tests.Cli;

public sealed class CatalogCommandTests
{
    [Fact]
    public void The_readme_shows_the_table_that_the_command_prints()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "ArKernel.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run below the repository.");
        }

        string readme = File.ReadAllText(Path.Combine(folder, "README.md")).ReplaceLineEndings("\n");
        Assert.True(readme.Contains(CatalogCommand.Table(), StringComparison.Ordinal), "README.md, section Systems: put in what './arkernel catalog' prints.");
    }

    [Fact]
    public void Machines_get_every_system_with_every_slot()
    {
        using StringWriter written = new();
        CatalogCommand.Write(written, asJson: true);
        using JsonDocument document = JsonDocument.Parse(written.ToString());
        Assert.Equal(Catalog.Systems.Select(s => s.Name), document.RootElement.EnumerateArray().Select(s => s.GetProperty("name").GetString()));
        Assert.All(document.RootElement.EnumerateArray(), system => Assert.All(
            (string[])["title", "codec", "order", "query", "backbone", "head", "decoder", "objective", "recipe"],
            slot => Assert.NotEqual("", system.GetProperty(slot).GetString())));
    }
}
