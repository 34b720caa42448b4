"""Values of Parquet files as Python has them, whatever their type.

pyarrow's own `as_py` raises for times in nanoseconds where pandas is missing, for years beyond
Python's, and for time zones under names that Python does not know.
"""

from typing import Any


def python_value(scalar: Any) -> Any:
    """Returns text, bytes, numbers, lists and dicts as Python's own; times as text.

    None stands for null. What cannot be read at all, such as text that is not UTF-8, is returned
    as bytes.
    """
    import pyarrow as pa

    if isinstance(scalar, pa.Int64Scalar | pa.DoubleScalar | pa.BooleanScalar):
        return scalar.as_py()
    if not scalar.is_valid:
        return None
    kind = scalar.type
    if isinstance(scalar, pa.ExtensionScalar | pa.DictionaryScalar):
        if str(kind) in ("extension<arrow.uuid>", "uuid"):
            return str(scalar.as_py())
        return python_value(scalar.value)
    if pa.types.is_map(kind):
        keys, items = scalar.values.field(0), scalar.values.field(1)
        pairs = [(python_value(k), python_value(i)) for k, i in zip(keys, items, strict=True)]
        names = {key for key, _ in pairs if isinstance(key, str)}
        return dict(pairs) if len(names) == len(pairs) else [list(pair) for pair in pairs]
    if isinstance(scalar, pa.ListScalar | pa.LargeListScalar | pa.FixedSizeListScalar):
        return [python_value(item) for item in scalar.values]
    if isinstance(scalar, pa.StructScalar):
        return {field.name: python_value(scalar[index]) for index, field in enumerate(kind)}
    if pa.types.is_temporal(kind):
        return _time_as_text(scalar)
    if pa.types.is_fixed_size_binary(kind):
        return scalar.as_py().hex()  # ids and digests
    if pa.types.is_float32(kind):
        return float(scalar.cast(pa.string()).as_py())  # 0.1, and not 0.10000000149011612
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return scalar.cast(pa.binary()).as_py()
    except (ValueError, OverflowError, pa.ArrowException):
        return str(scalar)


def _time_as_text(scalar: Any) -> str:
    """Returns a date, a time or a duration in ISO's notation; the bare number as a last resort."""
    import pyarrow as pa

    kind = scalar.type
    if pa.types.is_duration(kind):
        return f"{scalar.value} {kind.unit}"
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        # Stored in UTC; the zone only says how to show it, and may be one that nobody knows.
        text = scalar.cast(pa.timestamp(kind.unit)).cast(pa.string()).as_py()
        return f"{_without_zeros(text)}+00:00"
    text = scalar.cast(pa.string()).as_py()
    return str(scalar.value) if "out of range" in text else _without_zeros(text)


def _without_zeros(text: str) -> str:
    """Takes away fractions of a second that are zero: `12:00:00.000000000` is `12:00:00`."""
    whole, point, fraction = text.partition(".")
    return text if fraction.strip("0") or not point else whole
