namespace Microsoft.DotNet.Interactive;

/// <summary>A password that is not shown by accident.</summary>
/// <param name="clearTextPassword">The password.</param>
public class PasswordString(string clearTextPassword)
{
    /// <summary>The password.</summary>
    /// <returns>Its text.</returns>
    public string GetClearTextPassword() => clearTextPassword;

    /// <inheritdoc/>
    public override string ToString() => new('*', clearTextPassword.Length);
}
