"""Runs that are processes of their own, killed at random and gone on with."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.soak.observer import check_version, newest_of
from tests.soak.options import ADVANCED, CALL
from tests.soak.paying import Paying
from tests.support.prefect_processes import (
    BIN,
    ROOT,
    PrefectServer,
    RunningProcess,
    running,
    worker,
)

POOL = "soak"
SIZES = [40, 100, 230]
SECONDS_TO_LIVE = (3.0, 20.0)
"""A process takes some 4 of them until it makes its first call, and 10 with a temporary server."""
MOST_KILLS = 4
"""Of one run; on a busy machine it would else never come so far that there is something to keep."""
MOST_ATTEMPTS = 40
COMMAND_LOG = "command.log"
SECONDS_BETWEEN_LOOKS = 0.2
OVER = ("Completed", "Failed", "Crashed")


@dataclass(frozen=True)
class Place:
    """Where runs are made, and of what."""

    server: PrefectServer
    vellum: str
    output: Path
    results: Path
    environment: Mapping[str, str]
    """For all that make runs."""
    clock: Mapping[str, str]
    """For those whose clock is set; a worker whose clock is behind takes no run at all."""


class KilledRuns:
    """Makes one run after another, on a worker and from the command line, and kills them."""

    def __init__(self, place: Place, random_seed: int) -> None:
        self._place = place
        self._random = random.Random(random_seed)
        self._paying = Paying(place.vellum, place.output)
        self._worker: RunningProcess | None = None
        self._done = threading.Event()
        self.happened: Counter[str] = Counter()
        self.complaints: list[str] = []

    @property
    def kept(self) -> int:
        """Conversations that were found finished whenever a run was killed or failed."""
        return self._paying.kept

    def go_on(self, done: threading.Event) -> None:
        """Runs until it is stopped; the current run ends first."""
        number, self._done = 0, done
        ways = [self._without_a_server, self._on_the_worker, self._from_the_command_line]
        with worker(self._place.server, ROOT, self._place.environment, POOL) as self._worker:
            while not done.is_set():
                number += 1
                try:
                    ways[number % len(ways)](f"killed{number}")
                except Exception as error:
                    self.complaints.append(f"killed{number}: {error!r}")

    def _on_the_worker(self, run: str) -> None:
        server = self._place.server
        flow_run = server.start_run(
            f"generate-dataset/{POOL}",
            {
                "seeds": self._seeds(run),
                "chatbot": "support-bot",
                "simulated_user": "simulated-user",
                "turns": 2,
                "output": str(self._place.output),
                "name": run,
                "advanced": {**ADVANCED, "keep_versions": None},
            },
        )
        assert self._worker is not None
        for attempt in range(MOST_ATTEMPTS):
            if not self._ends_in_time(lambda: self._state(flow_run) in OVER, attempt):
                self._worker.kill_children()
                self.happened["kills"] += 1
            ended = server.wait_for(flow_run, *OVER)
            if self._is_whole(run, _version(ended["tags"]), run):
                return
            self.happened[f"flow run {ended['state']['name'].lower()}"] += 1
            server.retry(flow_run)
        raise AssertionError(f"no version after {MOST_ATTEMPTS} attempts: {ended['state']}")

    def _state(self, flow_run: str) -> str:
        name: str = self._place.server.flow_run(flow_run)["state_name"]
        return name

    def _ends_in_time(self, is_over: Callable[[], bool], attempt: int) -> bool:
        """Waits for the end of a run; not for long, unless no more is to be killed."""
        until = time.monotonic() + self._random.uniform(*SECONDS_TO_LIVE)
        while time.monotonic() < until or attempt >= MOST_KILLS or self._done.is_set():
            if is_over():
                return True
            time.sleep(SECONDS_BETWEEN_LOOKS)
        return False

    def _from_the_command_line(self, run: str) -> None:
        self._commanded(run, run, self._place.server.environment)

    def _without_a_server(self, run: str) -> None:
        """With Prefect's temporary server, by whose clock, set like the run's, versions are named.

        All of one dataset, so that they are older and newer than each other.
        """
        configured = self._place.server.environment
        environment = {name: configured[name] for name in configured.keys() - {"PREFECT_API_URL"}}
        self._commanded(run, "alone", environment)

    def _commanded(self, run: str, dataset: str, environment: Mapping[str, str]) -> None:
        command: list[str | Path] = [
            BIN / "duologue", "generate", self._seeds(run), "--turns", "2", "--name", dataset,
            "--chatbot", "support-bot", "--simulated-user", "simulated-user",
            "--output", str(self._place.output), "--set", "gates.max_failed_share=0.2",
            "--set", f"call.timeout_seconds={CALL['timeout_seconds']}",
            "--set", f"call.deadline_seconds={CALL['deadline_seconds']}",
            "--set", "seed_retry_delay_seconds=0.05",
        ]  # fmt: skip
        version, earlier = "", self._versions_kept(dataset)
        for attempt in range(MOST_ATTEMPTS):
            resume = ["--resume", version] if version else []
            self._run_for_a_while([*command, *resume], environment, attempt)
            version = version or next(iter(self._versions_kept(dataset) - earlier), "")
            if self._is_whole(run, version, dataset):
                return
        raise AssertionError(f"no version after {MOST_ATTEMPTS} attempts")

    def _run_for_a_while(
        self, command: Sequence[str | Path], environment: Mapping[str, str], attempt: int
    ) -> None:
        environment = {**environment, **self._place.environment, **self._place.clock}
        log = self._place.server.folder / COMMAND_LOG
        with running(command, ROOT, environment, log) as process:
            if not self._ends_in_time(lambda: process.popen.poll() is not None, attempt):
                process.kill_with_children()
                self.happened["kills"] += 1
            else:
                self.happened[f"command ended with {process.wait()}"] += 1

    def _is_whole(self, run: str, version: str, dataset: str) -> bool:
        """Adds the run's version up, if it is there by now; sees that nothing was paid twice."""
        again = self._paying.paid_again(run)
        assert again == [], f"{version}: paid for again: {again}"
        if not version:
            return False
        folder = newest_of(self._place.output, dataset, version)
        if folder is None:
            self._paying.note(run, version)
            return False
        check_version(folder)
        self.happened["versions"] += 1
        return True

    def _versions_kept(self, dataset: str) -> set[str]:
        """The versions of a dataset that commands have started, by their checkpoints."""
        return {path.name for path in self._place.output.glob(f"{dataset}/.checkpoints/*Z-*")}

    def _seeds(self, run: str) -> str:
        file = self._place.server.folder / f"{run}.csv"
        rows = [
            f"{run}-{n},Where is my order {n} of {run}?\n"
            for n in range(self._random.choice(SIZES))
        ]
        file.write_text("seed_id,message\n" + "".join(rows))
        return str(file)


def _version(tags: list[str]) -> str:
    return next((tag.partition(":")[2] for tag in tags if tag.startswith("version:")), "")
