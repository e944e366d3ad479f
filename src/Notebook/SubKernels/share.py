"""What ArKernel puts into a Python kernel to exchange values with it. Values go as JSON, arrays as .npy files of their own."""
import base64, datetime, json, math, os, shutil


def _namespace():
    import __main__
    return __main__.__dict__


def _room(size, folders):
    for folder in folders:
        try:
            if shutil.disk_usage(folder).free > 2 * size:
                return folder
        except OSError:
            pass
    return folders[-1]


def _write_array(array, folders):
    import numpy
    array = numpy.asarray(array, order="C") # ascontiguousarray would give a number one dimension
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    descriptor, path = __import__("tempfile").mkstemp(suffix=".npy", dir=_room(array.nbytes, folders))
    with os.fdopen(descriptor, "wb") as file:
        numpy.save(file, array, allow_pickle=False)
    return path


def _read_array(path):
    import numpy
    # The file is mapped, not read, and lasts as long as the array, also when it is deleted.
    return numpy.asarray(numpy.load(path, mmap_mode="c" if os.path.getsize(path) > 65536 else None, allow_pickle=False))


def _plain(value, path):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if -2**63 <= value < 2**63 else {"$integer": str(int(value))}
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$number": repr(float(value))}
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        return {"$time": value.isoformat()}
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{path} has the key {key!r}; dictionaries with keys that are strings can be shared")
        return {"$map": {key: _plain(item, f"{path}[{key!r}]") for key, item in value.items()}}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, f"{path}[{i}]") for i, item in enumerate(value)]
    if type(value).__module__.split(".")[0] == "numpy" and getattr(value, "ndim", None) == 0:
        return _plain(value.item(), path)
    if type(value).__module__.split(".")[0] == "numpy" and hasattr(value, "tolist"):
        return _plain(value.tolist(), path)
    raise TypeError(
        f"{path} is a {type(value).__module__}.{type(value).__qualname__}; what can be shared are numbers, strings, None, "
        "lists and dictionaries of these, numpy arrays, torch tensors and pandas data frames")


def _column(series, folders):
    import numpy, pandas
    kind = series.dtype.kind
    missing = series.isna().to_numpy()
    column = {"name": str(series.name)}
    if missing.any():
        column["missing"] = _write_array(missing, folders)
    if isinstance(series.dtype, pandas.CategoricalDtype):
        series, kind = series.astype(object), "O"
    if kind == "M":
        if getattr(series.dtype, "tz", None) is not None:
            series, column["utc"] = series.dt.tz_convert("UTC").dt.tz_localize(None), True
        column["times"] = _write_array(series.to_numpy().astype("datetime64[ns]").astype("int64"), folders)
    elif kind == "m":
        column["durations"] = _write_array(series.to_numpy().astype("timedelta64[ns]").astype("int64"), folders)
    elif kind in "biuf":
        numbers = series.to_numpy()
        if numbers.dtype.kind == "O":  # a nullable type of pandas
            numbers = series.fillna(False if kind == "b" else 0).to_numpy(dtype=getattr(series.dtype, "numpy_dtype", None))
        column["values"] = _write_array(numbers.astype("float32") if numbers.dtype == "float16" else numbers, folders)
    else:
        column["texts"] = [None if absent else item if isinstance(item, str) else str(item) for item, absent in zip(series, missing)]
    return column


def _encode(value, name, folders):
    module = type(value).__module__.split(".")[0]
    if module == "torch" and type(value).__name__ in ("Tensor", "Parameter"):
        import torch
        tensor = value.detach().cpu()
        if tensor.dtype == torch.bfloat16:
            tensor = tensor.float()
        return {"tensor": _write_array(tensor.numpy(), folders), "shape": list(tensor.shape)}
    if module == "numpy" and type(value).__name__ in ("ndarray", "memmap", "matrix") and value.ndim > 0 and value.dtype.kind in "biufc":
        return {"array": _write_array(value, folders)}
    if module == "pandas" and type(value).__name__ in ("DataFrame", "Series"):
        import pandas
        frame = value.to_frame(name) if isinstance(value, pandas.Series) and value.name is None else value.to_frame() if isinstance(value, pandas.Series) else value
        if not isinstance(frame.index, pandas.RangeIndex):
            frame = frame.reset_index()
        return {"frame": [_column(frame.iloc[:, i], folders) for i in range(frame.shape[1])]}
    return {"value": _plain(value, name)}


def _value(plain):
    if isinstance(plain, list):
        return [_value(item) for item in plain]
    if isinstance(plain, dict):
        (kind, item), = plain.items()
        if kind == "$map":
            return {key: _value(entry) for key, entry in item.items()}
        if kind == "$integer":
            return int(item)
        if kind == "$number":
            return float(item)
        if kind == "$bytes":
            return base64.b64decode(item)
        if kind == "$time":
            return datetime.datetime.fromisoformat(item)
        if kind == "$duration":
            return datetime.timedelta(microseconds=item)
        if kind == "$decimal":
            return __import__("decimal").Decimal(item)
    return plain


def _series(column):
    import numpy, pandas
    missing = _read_array(column["missing"]) if "missing" in column else None
    if "texts" in column:
        return pandas.Series(column["texts"], dtype=object)
    if "times" in column:
        values = _read_array(column["times"]).view("datetime64[ns]")
        values = values.copy() if missing is not None else values
        if missing is not None:
            values[missing] = numpy.datetime64("NaT")
        series = pandas.Series(values)
        return series.dt.tz_localize("UTC") if column.get("utc") else series
    if "durations" in column:
        values = _read_array(column["durations"]).view("timedelta64[ns]").copy()
        if missing is not None:
            values[missing] = numpy.timedelta64("NaT")
        return pandas.Series(values)
    values = _read_array(column["values"])
    if missing is None:
        return pandas.Series(values)
    if values.dtype.kind == "f":
        values = values.copy()
        values[missing] = numpy.nan
        return pandas.Series(values)
    names = {"b": "boolean", "i": "Int", "u": "UInt"}
    name = names[values.dtype.kind]
    series = pandas.Series(values.copy()).astype(name if name == "boolean" else f"{name}{values.dtype.itemsize * 8}")
    series[missing] = pandas.NA
    return series


def _decode(encoded):
    (kind, item), *_ = encoded.items()
    if kind == "array":
        return _read_array(item)
    if kind == "tensor":
        array = _read_array(item).reshape(encoded["shape"])
        try:
            import torch
        except ImportError:
            return array
        return torch.from_numpy(array if array.flags.writeable else array.copy())
    if kind == "frame":
        import pandas
        columns = [(column["name"], _series(column)) for column in item]
        frame = pandas.concat([series for _, series in columns], axis=1) if columns else pandas.DataFrame()
        frame.columns = [name for name, _ in columns]
        return frame
    return _value(item)


def send(name, folders):
    """Writes the variable of that name to 'value.json' in the last folder."""
    namespace = _namespace()
    encoded = _encode(namespace[name], name, folders) if name in namespace else {}
    with open(os.path.join(folders[-1], "value.json"), "w", encoding="utf-8") as file:
        json.dump(encoded, file, ensure_ascii=True, allow_nan=False)


def receive(name, folder):
    """Makes what is in 'value.json' the variable of that name."""
    with open(os.path.join(folder, "value.json"), encoding="utf-8") as file:
        _namespace()[name] = _decode(json.load(file))
