using ArKernel.Notebooks.Documents;

namespace ArKernel.Notebooks.Tests.Documents;

public sealed class NotebookFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-files").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_write_that_fails_half_way_leaves_the_old_file_and_nothing_else()
    {
        string path = Path.Combine(folder, "n.ipynb");
        File.WriteAllText(path, "old");
        var error = Assert.Throws<DocumentException>(() => NotebookFile.WriteAtomically(path, writer =>
        {
            writer.Write(new string('x', 1 << 20));
            throw new IOException("the disk is gone");
        }));
        Assert.Equal($"{path}: cannot be written: the disk is gone", error.Message);
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(folder));
    }

    [Fact]
    public void Writing_through_a_link_keeps_the_link_and_the_files_permissions()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no such permissions.");
            return;
        }

        string path = Path.Combine(folder, "real.ipynb"), link = Path.Combine(folder, "link.ipynb");
        File.WriteAllText(path, "old");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        File.CreateSymbolicLink(link, path);
        NotebookFile.Save(new NotebookDocument(), link);
        Assert.Equal(path, new FileInfo(link).LinkTarget);
        Assert.Empty(NotebookFile.Load(path).Cells);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead, File.GetUnixFileMode(path));
    }

    [Theory]
    [InlineData("missing.ipynb", "there is no such file")]
    [InlineData("no/folder/x.dib", "there is no such file")]
    [InlineData("notes.txt", "the name must end with .ipynb, .dib or .cs")]
    [InlineData("folder.ipynb", "cannot be read")]
    public void A_file_that_cannot_be_read_is_one_error_that_names_it(string name, string expected)
    {
        Directory.CreateDirectory(Path.Combine(folder, "folder.ipynb"));
        string path = Path.Combine(folder, name);
        var error = Assert.Throws<DocumentException>(() => NotebookFile.Load(path));
        Assert.StartsWith(path + ": " + expected, error.Message.Replace("the file ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Text_that_is_not_UTF_8_is_an_error_that_says_where()
    {
        foreach (string name in (string[])["x.dib", "x.cs", "x.ipynb"])
        {
            string path = Path.Combine(folder, name);
            File.WriteAllBytes(path, [(byte)'a', (byte)'\n', 0xff, 0xfe]);
            Assert.Contains("UTF-8", Assert.Throws<DocumentException>(() => NotebookFile.Load(path)).Message, StringComparison.Ordinal);
        }
    }
}
