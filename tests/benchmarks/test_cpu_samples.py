"""Whose computing a sample of py-spy is; the profiler itself is not needed."""

import pytest

from benchmarks.cpu_samples import Part, part_of, split
from benchmarks.running import REPOSITORY
from duologue.participants.vellum_deployment import _LeanClient

PROGRAM = REPOSITORY / "benchmarks/cpu_way.py"
PACKAGES = "/venv/lib/python3.11/site-packages"

START = f"<module> ({PROGRAM}:9)"
WORK = f"work ({PROGRAM}:20)"
NOTE = f"note ({PROGRAM}:30)"
THREAD = "Thread._bootstrap (/python/lib/python3.11/threading.py:1002)"
LOOP = "BaseEventLoop._run_once (/python/lib/python3.11/asyncio/base_events.py:1922)"
TASK = f"simulate_conversation ({REPOSITORY}/tasks/simulate.py:110)"
SIMULATE = f"simulate ({REPOSITORY}/duologue/simulation.py:111)"
ENGINE = f"run_task_async ({PACKAGES}/prefect/task_engine.py:1500)"
EXECUTE = f"execute_workflow ({PACKAGES}/vellum/client/client.py:200)"
VALIDATE = f"BaseModel.model_validate ({PACKAGES}/pydantic/main.py:520)"
DUMPS = "JSONEncoder.iterencode (/python/lib/python3.11/json/encoder.py:258)"
OUR_SEND = (
    f"{_LeanClient.send.__qualname__} ({REPOSITORY}/duologue/participants/vellum_deployment.py:310)"
)
SEND = f"AsyncClient.send ({PACKAGES}/httpx/_client.py:1640)"
RECEIVED = f"ResponseHandler.data_received ({PACKAGES}/aiohttp/client_proto.py:359)"
IMPORT = "_find_and_load (<frozen importlib._bootstrap>:1176)"


def split_of(*lines: str, main: float = 1, others: float = 0) -> dict[Part, float]:
    found = split("\n".join(lines), PROGRAM, "work", "note", main, others)
    return {part: seconds for part, seconds in found.items() if seconds}


def stack(*frames: str, count: int = 1) -> str:
    return f"{';'.join(frames)} {count}"


@pytest.mark.parametrize(
    ("frames", "part"),
    [
        ([LOOP, ENGINE, TASK, SIMULATE, EXECUTE, DUMPS], Part.SDK),
        ([LOOP, ENGINE, TASK, SIMULATE, EXECUTE, VALIDATE], Part.SDK),
        ([LOOP, ENGINE, TASK, SIMULATE, EXECUTE, SEND], Part.SDK),
        ([LOOP, ENGINE, TASK, SIMULATE, EXECUTE, OUR_SEND, SEND], Part.SDK),
        ([LOOP, ENGINE, TASK, SIMULATE, VALIDATE], Part.OURS),
        ([LOOP, ENGINE, TASK, DUMPS], Part.OURS),
        ([LOOP, TASK, ENGINE, SEND], Part.PREFECT),
        ([LOOP, RECEIVED], Part.SDK),
        ([LOOP, ENGINE, RECEIVED], Part.PREFECT),
        ([LOOP, TASK, IMPORT, f"<module> ({PACKAGES}/vellum/__init__.py:1)"], Part.IMPORTS),
        ([LOOP], Part.REST),
        ([LOOP, SEND], Part.REST),
    ],
)
def test_the_innermost_owner_is_the_one_who_computes(frames: list[str], part: Part) -> None:
    assert part_of(frames) is part


def test_another_place_with_our_packages_names_is_not_ours() -> None:
    assert part_of([LOOP, "run (/elsewhere/tasks/queue.py:3)"]) is Part.REST


def test_only_samples_of_the_work_count() -> None:
    assert split_of(
        stack(START, IMPORT, count=70),
        stack(START, WORK, LOOP, ENGINE, count=3),
        stack(START, WORK, LOOP, EXECUTE),
        main=8,
    ) == {Part.PREFECT: 6, Part.SDK: 2}


def test_other_threads_divide_their_own_seconds() -> None:
    assert split_of(
        stack(START, WORK, TASK, count=90),
        stack(THREAD, ENGINE, count=3),
        stack(THREAD),
        " 50",  # the interpreter ends
        main=3,
        others=8,
    ) == {Part.OURS: 3, Part.PREFECT: 6, Part.REST: 2}


def test_threads_without_a_sample_are_taken_for_the_like_of_the_main_thread() -> None:
    assert split_of(stack(START, WORK, TASK), main=3, others=1) == {Part.OURS: 4}


def test_what_the_measuring_takes_does_not_count() -> None:
    assert split_of(
        stack(START, WORK, EXECUTE, NOTE, count=5), stack(START, WORK, SIMULATE, count=2)
    ) == {Part.OURS: 1}


def test_without_a_sample_of_the_work_there_is_nothing_to_divide() -> None:
    with pytest.raises(ValueError, match=r"there is no sample of work in .*cpu_way\.py"):
        split_of(stack(START, IMPORT), stack(THREAD, ENGINE))
