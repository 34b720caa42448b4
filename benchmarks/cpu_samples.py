"""Telling from a profiler's samples who was computing.

A line of py-spy's raw format is a stack, its outermost frame first, and how often it was seen:

    main (/repository/flows/a.py:3);post (/site-packages/httpx/_client.py:1859) 12
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path

from benchmarks.running import REPOSITORY


class Part(StrEnum):
    """Who computes in the process of a run."""

    SDK = "Vellum SDK"
    """With pydantic, httpx and aiohttp, as far as they work for it."""
    PREFECT = "Prefect's client"
    """Its engine, task runs and stored results, and what it sends to its server."""
    OURS = "Duologue"
    IMPORTS = "imports during the run"
    """Once in a process, however many seeds."""
    REST = "the rest"
    """The event loop, above all."""


OWNERS = {
    "vellum": Part.SDK,
    "prefect": Part.PREFECT,
    "duologue": Part.OURS,
    "flows": Part.OURS,
    "tasks": Part.OURS,
}
"""Whose packages they are. Every other package works for the innermost of these in the stack."""

KNOWN_USERS = {
    "aiohttp": Part.SDK,
    "httpx_aiohttp": Part.SDK,
    "httpcore": Part.PREFECT,
    "websockets": Part.PREFECT,
}
"""For whom a package works that the event loop calls by itself, when there is something to read."""

PASSES_ON = f"_LeanClient.send ({REPOSITORY}/duologue/participants/vellum_deployment.py:"
"""A function of ours that the SDK calls, and that calls httpx for it."""

IMPORTING = "<frozen importlib._bootstrap>"
PACKAGE = re.compile(r"/(?:site-packages|dist-packages)/(\w+)")


def split(
    raw: str, program: Path, function: str, but_not: str, main_seconds: float, other_seconds: float
) -> dict[Part, float]:
    """Divides the seconds that a program computed among the parts, as the samples say.

    Threads divide theirs apart from the main thread: they compute more where no sample is, because
    whoever waits for a file or a socket lets go of the interpreter's lock.

    Args:
        raw: what `py-spy record --gil --format raw --full-filenames` wrote.
        program: the file that was run. Of its main thread only those samples count that are within
            `function`; what comes before and after is no part of the run.
        function: by its name.
        but_not: a function of the program that measures; what it takes itself does not count.
        main_seconds: what the main thread computed within the function.
        other_seconds: the same of all other threads.

    Raises:
        ValueError: there are no samples within the function.
    """
    main, others = Counter[Part](), Counter[Part]()
    for line in raw.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        if not stack or _is(frames[-1], program, but_not):  # nothing: an interpreter that ends
            continue
        if not any(_is(frame, program, "<module>") for frame in frames):
            others[part_of(frames)] += int(count)
        elif any(_is(frame, program, function) for frame in frames):
            main[part_of(frames)] += int(count)
    if not main:
        raise ValueError(f"there is no sample of {function} in {program}")
    others = others or main
    return {
        part: main_seconds * main[part] / main.total()
        + other_seconds * others[part] / others.total()
        for part in Part
    }


def part_of(frames: Sequence[str]) -> Part:
    """Tells for whom the innermost frame works; frames come with the outermost first."""
    if any(IMPORTING in frame for frame in frames):
        return Part.IMPORTS
    owners = (frame for frame in reversed(frames) if not frame.startswith(PASSES_ON))
    packages = [_package(frame) for frame in owners]
    return _first(packages, OWNERS) or _first(packages, KNOWN_USERS) or Part.REST


def _first(packages: Iterable[str | None], parts: dict[str, Part]) -> Part | None:
    return next((parts[package] for package in packages if package in parts), None)


def _is(frame: str, program: Path, function: str) -> bool:
    return frame.startswith(f"{function} ({program}:")


def _package(frame: str) -> str | None:
    """Tells the package of a frame such as `send (/site-packages/httpx/_client.py:1859)`."""
    if installed := PACKAGE.search(frame):
        return installed[1]
    _, ours, path = frame.partition(f"({REPOSITORY}/")
    return path.split("/")[0] if ours else None
