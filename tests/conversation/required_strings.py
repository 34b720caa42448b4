"""What every match of a regular expression contains, from its parsed form.

Python's parser is private, so this is only for tests: they prove with it that no phrase is in a
text without one of the words in front of its search (`duologue/conversation/phrases.py`).
"""

from collections.abc import Sequence
from itertools import product
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MOST = 2**13
"""A set of strings that would grow larger ends there, and the next begins."""

Strings = frozenset[str]
_REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT)


def required(pattern: str) -> list[list[Strings]]:
    """Returns for each alternative sets of strings; a match has a string of each of its sets."""
    return _alternatives(parser.parse(pattern))


def _alternatives(sequence: Sequence[Any]) -> list[list[Strings]]:
    parts = [(op, value) for op, value in sequence if op not in (ops.AT, ops.ASSERT_NOT)]
    if len(parts) == 1 and parts[0][0] is ops.BRANCH:
        return [found for branch in parts[0][1][1] for found in _alternatives(branch)]
    if len(parts) == 1 and parts[0][0] is ops.SUBPATTERN:
        return _alternatives(parts[0][1][3])
    return [_sets(sequence)]


def _sets(sequence: Sequence[Any]) -> list[Strings]:
    """Returns runs of parts of which all strings are known, one after the other."""
    found: list[Strings] = []
    run: Strings = frozenset({""})
    for op, value in sequence:
        if op in (ops.AT, ops.ASSERT, ops.ASSERT_NOT):
            continue
        exact = _exact(op, value)
        if exact is not None and len(exact) * len(run) <= MOST:
            run = frozenset(map("".join, product(run, exact)))
            continue
        once = _exact_all(value[2]) if op in _REPEATS and value[0] > 0 else None
        if once is not None and len(run) * len(once) <= MOST:
            # The first time it follows what is before, the last time what is after follows it.
            found.append(frozenset(map("".join, product(run, once))))
            run = once
            continue
        found.append(run)
        found += _sets_of_one(op, value) if exact is None else []
        run = exact if exact is not None else frozenset({""})
    return [strings for strings in (*found, run) if all(strings)]


def _sets_of_one(op: Any, value: Any) -> list[Strings]:
    """Returns the sets of a part of which not all strings are known."""
    if op is ops.SUBPATTERN:
        return _sets(value[3])
    if op is ops.BRANCH:
        each = [_sets(branch) for branch in value[1]]
        best = [max(sets, key=lambda s: min(map(len, s)), default=frozenset({""})) for sets in each]
        return [frozenset().union(*best)]
    return _sets(value[2]) if op in _REPEATS and value[0] > 0 else []


def _exact(op: Any, value: Any) -> Strings | None:
    """Returns all strings that a part matches; None if they are too many."""
    if op is ops.LITERAL:
        return frozenset({chr(value)})
    if op is ops.IN and all(kind is ops.LITERAL for kind, _ in value):
        return frozenset(chr(character) for _, character in value)
    if op is ops.SUBPATTERN:
        return _exact_all(value[3])
    if op is ops.BRANCH:
        return _union([_exact_all(branch) for branch in value[1]])
    if op in _REPEATS and value[:2] == (0, 1):
        return _union([frozenset({""}), _exact_all(value[2])])
    return None


def _exact_all(sequence: Sequence[Any]) -> Strings | None:
    run: Strings = frozenset({""})
    for op, value in sequence:
        if op in (ops.AT, ops.ASSERT, ops.ASSERT_NOT):
            continue
        exact = _exact(op, value)
        if exact is None or len(exact) * len(run) > MOST:
            return None
        run = frozenset(map("".join, product(run, exact)))
    return run


def _union(parts: Sequence[Strings | None]) -> Strings | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    strings: Strings = frozenset().union(*known)
    return strings if len(strings) <= MOST else None
