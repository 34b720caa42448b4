"""Half an hour in which everything goes wrong at once, and nothing is lost. `make soak` runs it.

    DUOLOGUE_SOAK_MINUTES=3 DUOLOGUE_SOAK_RANDOM_SEED=7 python -m pytest -m soak -s

does it for three minutes, with the chances that the random seed 7 gives.
"""

import os
import random
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import API_KEY
from tests.processes.test_crashes import deploy
from tests.soak.going_on import going_on
from tests.soak.killed import COMMAND_LOG, POOL, KilledRuns, Place
from tests.soak.long_lived import Line, Settings
from tests.soak.misbehaviour import misbehaving
from tests.soak.observer import Observer, observed
from tests.soak.weather import Disk, Weather
from tests.support.jumping_clock import Clock
from tests.support.postgres import postgres
from tests.support.prefect_processes import ROOT, prefect_server, running
from tests.support.searching import files_with
from tests.support.small_disk import small_disk
from tests.support.vellum_failures import FAILURES

MINUTES = float(os.environ.get("DUOLOGUE_SOAK_MINUTES", "30"))
RANDOM_SEED = int(os.environ.get("DUOLOGUE_SOAK_RANDOM_SEED", random.randrange(1_000_000)))

pytestmark = [pytest.mark.soak, pytest.mark.timeout(MINUTES * 60 + 900)]

DISK_KB = 500_000
LATENCY_OF_A_LOOK_SECONDS = 1.0
"""At most, on average, when everything else is at it too."""
WARM_UP = 1 / 3
"""Of the runs: until Prefect, pyarrow and the Vellum SDK have all that they keep."""
MOST_GROWTH_MB = 30
"""It goes up and down by some 10 with the sizes of the runs. In half an hour there are some 100;
the thirds of them that are compared are 45 runs apart, so that growth by 1 MB a run is found."""
MOST_MORE_HANDLES = 4
"""Connections to Prefect's server that are open just when they are counted."""
SAID = ["Where is my order", "has the exceptions and", "And what about", "All right, then"]
"""Of each message that is ever sent or answered."""
CLEAR = ("UsageError: ", "ExportError: ", "RunStoppingError: ")
"""What a run that makes no version may end with."""


@dataclass(frozen=True)
class Soaked:
    """What came of it."""

    folder: Path
    """Of Prefect's server: its database, and all that any process printed."""
    lines: list[Line]
    """Of the process that lives long."""
    weather: Counter[str]
    killed: KilledRuns
    observer: Observer
    vellum: dict[str, Any]
    """The totals of the server that misbehaves."""


@pytest.fixture(scope="module")
def soaked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soaked]:
    print(f"\nDUOLOGUE_SOAK_RANDOM_SEED={RANDOM_SEED}")  # noqa: T201 - to have it again
    folder = tmp_path_factory.mktemp("soak")
    with ExitStack() as up:
        output, results = (
            Disk(up.enter_context(small_disk(folder / name, DISK_KB)))
            for name in ("output", "results")
        )
        database = up.enter_context(postgres())
        (folder / "server").mkdir()
        server = up.enter_context(prefect_server(folder / "server", database))
        deploy(server, POOL)
        vellum = up.enter_context(misbehaving(folder, RANDOM_SEED))
        clock = Clock(folder)
        environment = {
            "VELLUM_API_URL": vellum,
            "VELLUM_API_KEY": API_KEY,
            "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(results.place),
        }
        place = Place(server, vellum, output.place, results.place, environment, clock.environment)
        weather = Weather(output, results, clock, RANDOM_SEED)
        killed = KilledRuns(place, RANDOM_SEED)
        with (
            observed(output.place) as observer,
            going_on(weather.blow, "weather"),
            going_on(killed.go_on, "kills"),
        ):
            lines = _long_life(place)
        totals = httpx.get(f"{vellum}/_soak/totals", timeout=60).json()
        found = Soaked(server.folder, lines, weather.happened, killed, observer, totals)
        print(_figures(found))  # noqa: T201 - its figures are what it is run for
        yield found


def _long_life(place: Place) -> list[Line]:
    """Has one process make runs for as long as all this lasts; returns what it reports of each."""
    folder = place.server.folder
    settings = Settings(
        folder=folder,
        output=str(place.output),
        results=place.results,
        vellum=place.vellum,
        random_seed=RANDOM_SEED,
        seconds=MINUTES * 60,
    )
    (folder / "settings.json").write_text(settings.model_dump_json())
    command = [sys.executable, "-m", "tests.soak.long_lived", str(folder / "settings.json")]
    environment = {**place.server.environment, **place.environment, **place.clock}
    with running(command, ROOT, environment, folder / "long_lived.log") as process:
        code = process.wait(MINUTES * 60 + 600)
    assert code == 0, process.output[-5000:]
    lines = (folder / "long_lived.jsonl").read_text().splitlines()
    return [Line.model_validate_json(line) for line in lines]


def _figures(soaked: Soaked) -> str:
    first, last = _thirds(soaked.lines)
    killed = soaked.killed
    errors = Counter(error.partition(":")[0] for line in soaked.lines for error in line.errors)
    return (
        f"{len(soaked.lines)} runs in one process, gone on with after {dict(errors)}; "
        f"{killed.happened['versions']} in processes that were killed, {dict(killed.happened)}; "
        f"{soaked.observer.versions} versions and revisions seen, "
        f"{len(soaked.observer.published)} as latest, in {soaked.observer.looks} looks; "
        f"{dict(soaked.weather)}; {soaked.vellum['calls']} calls, {soaked.vellum['answered']} "
        f"answered, {soaked.vellum['again']} of them again; "
        f"{soaked.lines[-1].kept + killed.kept} conversations were kept when a run was cut short; "
        f"{_median(first, 'rss_mb'):.0f} MB and {_median(first, 'handles'):.0f} handles at first, "
        f"{_median(last, 'rss_mb'):.0f} MB and {_median(last, 'handles'):.0f} at last"
    )


def _thirds(lines: list[Line]) -> tuple[list[Line], list[Line]]:
    """The first and the last third of what was made after the warm-up."""
    settled = lines[round(len(lines) * WARM_UP) :]
    third = max(1, len(settled) // 3)
    return settled[:third], settled[-third:]


def _median(lines: list[Line], of: str) -> float:
    values: list[float] = [getattr(line, of) for line in lines]
    return statistics.median(values)


def test_everything_went_wrong(soaked: Soaked) -> None:
    """Otherwise nothing is proved."""
    assert soaked.vellum["ways"].keys() == FAILURES.keys()
    assert soaked.killed.happened["kills"] > MINUTES
    assert soaked.killed.happened["versions"] > 0
    assert soaked.weather.keys() == {
        "clock", "output full", "output read-only", "results full", "results read-only"
    }  # fmt: skip
    assert any(line.errors for line in soaked.lines)
    assert soaked.lines[-1].kept + soaked.killed.kept > 0


def test_every_version_was_complete_at_every_moment(soaked: Soaked) -> None:
    assert soaked.observer.complaints == []
    assert soaked.observer.looks > MINUTES * 60 / LATENCY_OF_A_LOOK_SECONDS
    assert {line.version for line in soaked.lines} <= soaked.observer.seen
    assert len(soaked.observer.published) > 1


def test_every_run_that_was_cut_short_made_its_version_and_was_billed_for_nothing_twice(
    soaked: Soaked,
) -> None:
    assert soaked.killed.complaints == []
    assert [line for line in soaked.lines if line.paid_again] == []
    assert len({line.version for line in soaked.lines}) == len(soaked.lines)


def test_what_stopped_a_run_was_reported_clearly(soaked: Soaked) -> None:
    errors = [error for line in soaked.lines for error in line.errors]
    assert [error for error in errors if not error.startswith(CLEAR)] == []


def test_memory_and_open_files_stay_as_they_are(soaked: Soaked) -> None:
    first, last = _thirds(soaked.lines)
    assert _median(last, "rss_mb") - _median(first, "rss_mb") < MOST_GROWTH_MB
    assert _median(last, "handles") - _median(first, "handles") <= MOST_MORE_HANDLES


def test_no_process_printed_the_key_or_a_message(soaked: Soaked) -> None:
    for secret in [API_KEY, *SAID]:
        found = {path.name for path in files_with(secret, soaked.folder) if path.suffix == ".log"}
        # The command ends with an example of a conversation.
        assert found <= ({COMMAND_LOG} if secret in SAID else set()), secret
