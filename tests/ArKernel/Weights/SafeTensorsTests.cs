using System.Buffers.Binary;
using System.Text;
using ArKernel.Weights;
using CsCheck;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Tests.Weights;

public sealed class SafeTensorsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-weights-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static byte[] Bytes(string header, int dataLength, ulong? claimed = null)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] file = new byte[8 + json.Length + dataLength];
        BinaryPrimitives.WriteUInt64LittleEndian(file, claimed ?? (ulong)json.Length);
        json.CopyTo(file, 8);
        for (int i = 0; i < dataLength; i++)
        {
            file[8 + json.Length + i] = (byte)i;
        }

        return file;
    }

    private string Save(byte[] bytes)
    {
        string path = Path.Combine(folder, Guid.NewGuid().ToString("N"));
        File.WriteAllBytes(path, bytes);
        return path;
    }

    [Fact]
    public void The_hand_made_file_of_the_specification_loads()
    {
        byte[] bytes = Bytes("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8);
        Assert.Equal(54, bytes[0]);
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(62), 1.5f);
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(66), -2f);
        using Tensor a = SafeTensors.Read(Save(bytes))["a"];
        Assert.Equal([1.5f, -2f], a.data<float>().ToArray());
    }

    [Theory]
    [InlineData("""[1]""", 0, "does not begin with '{'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "'a' twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "needs 12 bytes, but its data_offsets span 8")]
    [InlineData("""{"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}""", 8, "'b' overlaps 'a'")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}""", 8, "leaves a hole")]
    [InlineData("""{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}""", 11, "3 bytes are left over")]
    [InlineData("""{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}""", 5, "truncated")]
    [InlineData("""{"a":{"dtype":"F12","shape":[8],"data_offsets":[0,8]}}""", 8, "unknown dtype 'F12'")]
    [InlineData("""{"a":{"dtype":"U8","shape":[-8],"data_offsets":[0,8]}}""", 8, "negative number (-8) in its shape")]
    [InlineData("""{"a":{"dtype":"U8","shape":[8],"data_offsets":[-1,7]}}""", 8, "negative number (-1) in its data_offsets")]
    [InlineData("""{"a":{"dtype":"U8","shape":[8],"data_offsets":[8,0]}}""", 8, "run backwards")]
    [InlineData("""{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,8]}}""", 8, "overflows 64 bits")]
    [InlineData("""{"a":{"dtype":"U8","shape":[9223372036854775807,9223372036854775807,9223372036854775807,0],"data_offsets":[0,0]}}""", 0, null)]
    [InlineData("""{"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,8]}}""", 8, "other than an integer of 64 bits")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,8]}}""", 8, "other than an integer of 64 bits")]
    [InlineData("""{"a":{"dtype":"U8","shape":[8]}}""", 8, "lacks one of dtype, shape, data_offsets")]
    [InlineData("""{"a":{"dtype":"U8","shape":[8],"data_offsets":[0]}}""", 8, "1 data_offsets instead of 2")]
    [InlineData("""{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8],"x":1}}""", 8, "unknown field 'x'")]
    [InlineData("""{"__metadata__":{"k":1}}""", 0, "not a string")]
    [InlineData("""{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]""", 8, "not valid JSON")]
    [InlineData("""{"a":{}} x""", 0, "lacks")]
    [InlineData("""{} x""", 0, "not valid JSON")]
    public void A_malformed_header_is_refused_with_its_own_message(string header, int dataLength, string? message)
    {
        string path = Save(Bytes(header, dataLength));
        if (message is null)
        {
            // Empty for one of its axes: whatever is thrown for it must be ours.
            try
            {
                SafeTensors.Open(path).Dispose();
            }
            catch (SafeTensorsException)
            {
            }

            return;
        }

        SafeTensorsException error = Assert.Throws<SafeTensorsException>(() => SafeTensors.Open(path));
        Assert.Contains(message, error.Message);
        Assert.Contains(path, error.Message);
    }

    [Theory]
    [InlineData(100_000_001ul, "more than 100000000 is refused")]
    [InlineData(ulong.MaxValue, "more than 100000000 is refused")]
    [InlineData(50_000_000ul, "truncated")]
    [InlineData(0ul, "does not begin with '{'")]
    public void A_header_length_that_cannot_be_is_refused_before_anything_is_allocated(ulong claimed, string message)
    {
        string path = Save(Bytes("{}", 0, claimed));
        long before = GC.GetAllocatedBytesForCurrentThread();
        SafeTensorsException error = Assert.Throws<SafeTensorsException>(() => SafeTensors.Open(path));
        Assert.Contains(message, error.Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
    }

    [Fact]
    public void A_file_shorter_than_eight_bytes_is_refused() =>
        Assert.Contains("has 3 bytes", Assert.Throws<SafeTensorsException>(() => SafeTensors.Open(Save([1, 2, 3]))).Message);

    [Fact]
    public void What_is_written_reads_back_bit_for_bit_in_every_dtype_and_shape()
    {
        ScalarType[] types =
        [
            ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64,
            ScalarType.Int32, ScalarType.Int16, ScalarType.Int8, ScalarType.Byte, ScalarType.Bool,
        ];
        Gen.Select(Gen.Int[0, types.Length - 1], Gen.Long[0, 4].Array[0, 4], Gen.Int).List[0, 6].Sample(
            list =>
            {
                using DisposeScope scope = NewDisposeScope();
                var tensors = new Dictionary<string, Tensor>();
                foreach ((int type, long[] shape, int seed) in list)
                {
                    long count = shape.Aggregate(1L, (product, size) => product * size);
                    var random = new Random(seed);
                    double[] values = [.. Enumerable.Range(0, (int)count).Select(_ => (double)random.Next(-100, 100))];
                    tensors[$"t{tensors.Count} \"é\u0001"] = tensor(values).to(types[type]).view(shape);
                }

                string path = Path.Combine(folder, Guid.NewGuid().ToString("N"));
                SafeTensors.Write(path, tensors, new Dictionary<string, string> { ["format"] = "pt", ["note"] = "a \"quoted\" ü" });
                byte[] bytes = File.ReadAllBytes(path);
                Assert.Equal(0ul, BinaryPrimitives.ReadUInt64LittleEndian(bytes) % 8);
                using SafeTensors file = SafeTensors.Open(path);
                Assert.Equal("a \"quoted\" ü", file.Metadata["note"]);
                Assert.Equal(tensors.Keys.Order(), file.Entries.Keys.Order());
                foreach ((string name, Tensor tensor) in tensors)
                {
                    Tensor read = file.Load(name);
                    Assert.Equal(tensor.dtype, read.dtype);
                    Assert.Equal(tensor.shape, read.shape);
                    Assert.Equal(tensor.bytes.ToArray(), read.bytes.ToArray());
                }

                File.Delete(path);
            },
            iter: 60,
            threads: 1);
    }

    [Fact]
    public void Tensors_stand_by_falling_element_size_and_then_by_name()
    {
        string path = Path.Combine(folder, "sorted");
        SafeTensors.Write(path, new Dictionary<string, Tensor> { ["b"] = zeros(3), ["z"] = zeros(1, ScalarType.Float64), ["a"] = zeros(2), ["c"] = zeros(5, ScalarType.Bool) });
        using SafeTensors file = SafeTensors.Open(path);
        Assert.Equal(["z", "a", "b", "c"], file.Entries.Values.OrderBy(entry => entry.Begin).Select(entry => entry.Name));
        Assert.Empty(Directory.GetFiles(folder, "*.tmp"));
    }

    [Fact]
    public void Views_and_transposes_are_written_as_they_look()
    {
        string path = Path.Combine(folder, "views");
        Tensor matrix = arange(12, ScalarType.Float32).view(3, 4);
        SafeTensors.Write(path, new Dictionary<string, Tensor> { ["t"] = matrix.t(), ["slice"] = matrix[1..2] });
        Dictionary<string, Tensor> read = SafeTensors.Read(path);
        Assert.True(read["t"].equal(matrix.t()).all().item<bool>());
        Assert.Equal([4f, 5, 6, 7], read["slice"].data<float>().ToArray());
    }

    [Fact]
    public void Half_precision_codes_mean_what_the_formats_say()
    {
        byte[] bytes = Bytes("""{"bf":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]},"e4":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[2,6]},"e5":{"dtype":"F8_E5M2","shape":[4],"data_offsets":[6,10]}}""", 10);
        new byte[] { 0x80, 0x3F, 0x38, 0x7E, 0x01, 0xFF, 0x3C, 0x7B, 0x01, 0xFC }.CopyTo(bytes, bytes.Length - 10);
        Dictionary<string, Tensor> read = SafeTensors.Read(Save(bytes));
        Assert.Equal(1f, read["bf"].to(ScalarType.Float32).item<float>());
        Assert.Equal([1f, 448f, MathF.ScaleB(1, -9), float.NaN], read["e4"].data<float>().ToArray());
        Assert.Equal([1f, 57344f, MathF.ScaleB(1, -16), float.NegativeInfinity], read["e5"].data<float>().ToArray());
    }

    [Fact]
    public void A_damaged_file_gives_our_error_or_tensors_but_nothing_else()
    {
        string good = Path.Combine(folder, "good");
        SafeTensors.Write(good, new Dictionary<string, Tensor> { ["weight"] = rand(4, 3), ["bias"] = rand(3), ["flags"] = ones(5, ScalarType.Bool) }, new Dictionary<string, string> { ["k"] = "v" });
        byte[] original = File.ReadAllBytes(good);
        int refused = 0;
        Gen.Select(Gen.Int[0, original.Length], Gen.Select(Gen.Int[0, original.Length - 1], Gen.Int[0, 7]).Array[0, 4], Gen.Bool).Sample(
            (length, flips, truncate) =>
            {
                byte[] bytes = truncate ? original[..length] : [.. original];
                foreach ((int place, int bit) in flips)
                {
                    if (place < bytes.Length)
                    {
                        bytes[place] ^= (byte)(1 << bit);
                    }
                }

                string path = Save(bytes);
                long before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    foreach (Tensor tensor in SafeTensors.Read(path).Values)
                    {
                        Assert.True(tensor.numel() <= bytes.Length);
                        tensor.Dispose();
                    }
                }
                catch (SafeTensorsException)
                {
                    Interlocked.Increment(ref refused);
                }

                Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 10_000_000);
                File.Delete(path);
            },
            iter: 3000,
            threads: 1);
        Assert.True(refused > 1000);
    }

    [Fact]
    public void A_sharded_model_reads_each_tensor_from_the_file_its_index_names()
    {
        SafeTensors.Write(Path.Combine(folder, "model-1.safetensors"), new Dictionary<string, Tensor> { ["a"] = full(2, 1f), ["b"] = full(2, 2f) });
        SafeTensors.Write(Path.Combine(folder, "model-2.safetensors"), new Dictionary<string, Tensor> { ["c"] = full(3, 3f) });
        string index = Path.Combine(folder, "model.safetensors.index.json");
        File.WriteAllText(index, """{"metadata":{"total_size":28},"weight_map":{"a":"model-1.safetensors","b":"model-1.safetensors","c":"model-2.safetensors"}}""");
        using (WeightFiles weights = WeightFiles.Open(folder))
        {
            Assert.Equal(["a", "b", "c"], weights.Names.Order());
            Assert.Equal(3f, weights.Load("c")[0].item<float>());
        }

        File.WriteAllText(index, """{"weight_map":{"d":"model-1.safetensors"}}""");
        Assert.Contains("'d'", Assert.Throws<SafeTensorsException>(() => WeightFiles.Open(folder)).Message);
        File.WriteAllText(index, """{"weight_map":{"d":"../model-1.safetensors"}}""");
        Assert.Contains("plain file name", Assert.Throws<SafeTensorsException>(() => WeightFiles.Open(folder)).Message);
        File.WriteAllText(index, """{"weight_map":{"d":"model-9.safetensors"}}""");
        Assert.Contains("model-9", Assert.Throws<FileNotFoundException>(() => WeightFiles.Open(folder)).Message);
        File.WriteAllText(index, "[]");
        Assert.Contains("weight_map", Assert.Throws<SafeTensorsException>(() => WeightFiles.Open(folder)).Message);
    }
}
