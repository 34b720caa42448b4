"""Task arguments that Prefect need not search."""

from typing import TypeVar, cast

from prefect.utilities.annotations import quote

Value = TypeVar("Value")


def opaque(value: Value) -> Value:
    """Wraps an argument so that Prefect does not search it for futures.

    Otherwise it visits every message of every conversation, and keeps track of all it visited.
    """
    return cast(Value, quote(value))
