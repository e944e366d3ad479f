using System.IO;
using System.Linq;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Mono.Cecil;

/// <summary>
/// Writes a copy of an assembly in which every method that calls native code is compiled without optimization. Optimized code ends an object's life with its last use in the
/// method, which for a wrapper is reading its handle: the collector may then finalize it, and free what the handle points to, while native code still reads it. Without
/// optimization a method's arguments and locals live until it returns.
/// </summary>
public class KeepArgumentsAlive : Task
{
    [Required]
    public string Assembly { get; set; }

    [Required]
    public string Output { get; set; }

    public override bool Execute()
    {
        using (ModuleDefinition module = ModuleDefinition.ReadModule(Assembly))
        {
            int count = 0;
            foreach (MethodDefinition method in module.GetTypes().SelectMany(type => type.Methods).Where(CallsNativeCode))
            {
                method.NoOptimization = true;
                method.NoInlining = true;
                method.AggressiveInlining = false;
                count++;
            }

            string temporary = Output + "." + System.Guid.NewGuid().ToString("N");
            module.Write(temporary);
            File.Delete(Output);
            File.Move(temporary, Output);
            Log.LogMessage(MessageImportance.Normal, "{0}: {1} methods now keep their arguments until they return.", Output, count);
        }

        return true;
    }

    private static bool CallsNativeCode(MethodDefinition method) =>
        method.HasBody && method.Body.Instructions.Any(instruction => instruction.Operand is MethodDefinition called && called.IsPInvokeImpl);
}
