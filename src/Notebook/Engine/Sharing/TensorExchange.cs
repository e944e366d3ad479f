namespace ArKernel.Notebooks.Engine.Sharing;

/// <summary>
/// How tensors of a library that this engine does not know go to other processes and come from there: as their shape, the type of their
/// elements and their bytes, the last index running fastest. Types are written as NumPy does: <c>&lt;f4</c>, <c>&lt;i8</c>, <c>|b1</c>.
/// </summary>
/// <param name="Describe">The element type and shape of a value; null when it is no tensor.</param>
/// <param name="Write">Writes a tensor's elements.</param>
/// <param name="Read">Makes a tensor of an element type, a shape and the elements.</param>
public sealed record TensorExchange(Func<object, (string ElementType, long[] Shape)?> Describe, Action<object, Stream> Write, Func<string, long[], Stream, object> Read);
