namespace ArKernel.Tests;

public sealed class CatalogTests
{
    [Fact]
    public void Every_recipe_is_in_the_catalogue_and_every_entry_names_one()
    {
        string[] recipes = [.. typeof(Catalog).Assembly.GetExportedTypes().Where(type => type is { Namespace: "ArKernel.Recipes", IsAbstract: true, IsSealed: true }).Select(type => type.Name)];
        Assert.Equal(recipes.Order(), Catalog.Systems.Select(system => system.Recipe).Distinct().Order());
        Assert.Equal(Catalog.Systems.Count, Catalog.Systems.Select(system => system.Name).Distinct().Count());
        Assert.All(Catalog.Systems, system => Assert.All(
            new[] { system.Name, system.Title, system.Family, system.Codec, system.Order, system.Query, system.Backbone, system.Head, system.Decoder, system.Objective }, Assert.NotEmpty));
    }

    [Fact]
    public void A_notebook_that_is_named_exists()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "ArKernel.slnx")))
        {
            folder = folder.Parent;
        }

        Assert.NotNull(folder);
        Assert.All(Catalog.Systems.Where(system => system.Notebook is not null), system => Assert.True(File.Exists(Path.Combine(folder.FullName, "notebooks", system.Notebook!)), system.Notebook));
    }
}
