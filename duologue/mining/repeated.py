"""Searching a text only once, where chatbots say the same again and again."""

from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

TEXTS_REMEMBERED = 10_000

P = ParamSpec("P")
R = TypeVar("R")


def remembered(search: Callable[P, Iterator[R]]) -> Callable[P, tuple[R, ...]]:
    """Remembers what a search found in the latest TEXTS_REMEMBERED texts."""

    @lru_cache(maxsize=TEXTS_REMEMBERED)
    @wraps(search)
    def found(*args: P.args, **kwargs: P.kwargs) -> tuple[R, ...]:
        return tuple(search(*args, **kwargs))

    return found  # type: ignore[return-value]  # typeshed gives up a cached function's parameters
