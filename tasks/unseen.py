"""Passing to a task what Prefect need not look into."""

from typing import TypeVar, cast

from prefect.utilities.annotations import quote

Value = TypeVar("Value")


def unseen(value: Value) -> Value:
    """Marks a task's argument as one in which there is no task run's result to be waited for.

    Prefect otherwise visits every message of every conversation to look for one, and keeps track
    of all it visited.
    """
    return cast(Value, quote(value))
