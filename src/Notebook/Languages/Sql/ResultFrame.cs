using ArKernel.Notebooks.Engine;
using DuckDB.NET.Native;
using Microsoft.Data.Analysis;
using static DuckDB.NET.Native.NativeMethods;

namespace ArKernel.Notebooks.Languages.Sql;

/// <summary>Turns the rows that a statement returned into a data frame, one vector of 2048 values at a time.</summary>
internal static class ResultFrame
{
    /// <summary>The rows as a frame.</summary>
    /// <exception cref="CellFailedException">There are more rows than a frame can hold.</exception>
    public static DataFrame Read(ref DuckDBResult result, CancellationToken cancellationToken)
    {
        long rows = Query.DuckDBRowCount(ref result);
        if (rows > Array.MaxLength / sizeof(long))
        {
            string message = FormattableString.Invariant($"The result has {rows:N0} rows, more than a data frame takes. Add a LIMIT, aggregate, or write it to a file: COPY (…) TO 'result.parquet'.");
            throw new CellFailedException(new CellError("ResultTooLarge", message, [], null));
        }

        List<ResultColumn> columns = [];
        List<DuckDBLogicalType> types = [];
        try
        {
            for (int i = 0; i < (int)Query.DuckDBColumnCount(ref result); i++)
            {
                types.Add(Query.DuckDBColumnLogicalType(ref result, i));
                columns.Add(ResultColumn.Create(Query.DuckDBColumnName(ref result, i), types[i], (int)rows));
            }

            for (int start = 0; start < rows;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using DuckDBDataChunk chunk = Query.DuckDBFetchChunk(result);
                int count = chunk.IsInvalid ? 0 : (int)DataChunks.DuckDBDataChunkGetSize(chunk);
                if (count == 0)
                {
                    break;
                }

                for (int i = 0; i < columns.Count; i++)
                {
                    columns[i].Read(new Vector(DataChunks.DuckDBDataChunkGetVector(chunk, i)), start, count);
                }

                start += count;
            }
        }
        finally
        {
            types.ForEach(t => t.Dispose());
        }

        return FrameColumns.Combine(columns.Select(c => c.Finish()));
    }
}

/// <summary>A vector of a result: its data, and which of its values are there.</summary>
internal readonly unsafe struct Vector(nint handle)
{
    private readonly ulong* mask = Vectors.DuckDBVectorGetValidity(handle);

    public nint Handle => handle;

    public void* Data { get; } = Vectors.DuckDBVectorGetData(handle);

    public bool HasNulls => mask is not null;

    public bool IsNull(long row) => mask is not null && (mask[row >> 6] >> (int)(row & 63) & 1) == 0;
}
