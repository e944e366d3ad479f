using ArKernel.Notebooks.Jupyter;
using NetMQ;
using Channel = ArKernel.Notebooks.Jupyter.Channel;

namespace ArKernel.Notebooks.Tests.Jupyter;

public sealed class ConnectionTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-connection").FullName;

    private string File => Path.Combine(folder, "connection.json");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_connection_file_is_its_owners_and_says_the_same_when_read_again()
    {
        ConnectionInformation connection = TestKernel.NewConnection();
        connection.Write(File);
        Assert.Equal(connection, ConnectionInformation.Read(File));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        }
    }

    [Theory]
    [InlineData("{\"transport\":\"ipc\",\"key\":\"k\",\"shell_port\":1}", "only 'tcp' is")]
    [InlineData("{\"ip\":\"0.0.0.0\",\"key\":\"k\",\"shell_port\":1}", "not encrypted")]
    [InlineData("{\"ip\":\"192.168.1.2\",\"key\":\"k\",\"shell_port\":1}", "not encrypted")]
    [InlineData("{\"signature_scheme\":\"hmac-md5\",\"key\":\"k\",\"shell_port\":1}", "hmac-md5")]
    [InlineData("{\"curve_publickey\":\"short\",\"key\":\"k\"}", "40 characters of Z85")]
    [InlineData("{\"curve_publickey\":\"~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\",\"curve_secretkey\":\"~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\",\"key\":\"k\"}", "40 characters of Z85")]
    [InlineData("{\"shell_port\":", "cannot be read")]
    [InlineData("null", "is empty")]
    public async Task A_connection_that_is_not_possible_or_not_safe_is_refused_with_its_file_and_reason(string json, string expected)
    {
        await System.IO.File.WriteAllTextAsync(File, json, TestContext.Current.CancellationToken);
        JupyterException refusal = Assert.Throws<JupyterException>(() => ConnectionInformation.Read(File));
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(File, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_and_the_other_kernel_goes_on()
    {
        await using TestKernel first = await TestKernel.StartAsync();
        ConnectionInformation second = TestKernel.NewConnection() with { ControlPort = first.Connection.ControlPort };
        JupyterException refusal = await Assert.ThrowsAsync<JupyterException>(() => TestKernel.StartAsync(second));
        Assert.Contains("control_port", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(first.Connection.Endpoint(first.Connection.ControlPort), refusal.Message, StringComparison.Ordinal);
        Assert.Equal("ok", (await first.Client.RequestAsync("kernel_info_request")).Status);
        await using TestKernel third = await TestKernel.StartAsync(second with { ControlPort = TestKernel.NewConnection().ControlPort }); // nothing of the refused one is left
    }

    [Fact]
    public async Task An_encrypted_kernel_answers_who_has_its_key_and_nobody_else()
    {
        NetMQCertificate keys = new(), others = new();
        ConnectionInformation connection = TestKernel.NewConnection() with { CurvePublicKey = keys.PublicKeyZ85, CurveSecretKey = keys.SecretKeyZ85 };
        await using TestKernel kernel = await TestKernel.StartAsync(connection);
        using TestKernelClient wrong = new(connection, others.PublicKeyZ85), none = new(connection);
        wrong.Send(Channel.Shell, "kernel_info_request");
        none.Send(Channel.Shell, "kernel_info_request");
        for (int i = 0; i < 3; i++)
        {
            Exchange answer = await kernel.Client.ExecuteAsync($"{i} + 1");
            Assert.Equal($"{i + 1}", answer.Result);
        }

        Assert.Empty(wrong.Received);
        Assert.Empty(none.Received);
    }
}
