"""What comes over machines: disks that are full or cannot be written to, clocks that are set."""

import random
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.support.jumping_clock import Clock

LONGEST_JUMP_SECONDS = 6 * 3600
SECONDS_BETWEEN = (1.0, 6.0)
SECONDS_IT_LASTS = (0.5, 4.0)
"""Short enough for runs to be made in between, long enough to be met by what every run does."""
FILLER = "filler"
FILLER_KB = 64


@dataclass(frozen=True)
class Disk:
    """A disk, with ways to make it fail."""

    place: Path

    def fill(self) -> None:
        """Writes until nothing more fits."""
        with (self.place / FILLER).open("ab", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"\0" * (FILLER_KB * 1024))
            except OSError:
                return

    def make_read_only(self) -> bool:
        """As a damaged disk is; not while a file is open for writing. Returns whether it is."""
        return self._mounted("ro")

    def mend(self) -> None:
        while not self._mounted("rw"):
            time.sleep(0.05)
        (self.place / FILLER).unlink(missing_ok=True)

    def _mounted(self, how: str) -> bool:
        mount = ["mount", "-o", f"remount,{how}", str(self.place)]
        return subprocess.run(mount, capture_output=True, check=False).returncode == 0


class Weather:
    """Something is the matter every few seconds, and is over soon after."""

    def __init__(self, output: Disk, results: Disk, clock: Clock, random_seed: int) -> None:
        self._disks = {"output": output, "results": results}
        self._clock = clock
        self._random = random.Random(random_seed)
        self.happened: Counter[str] = Counter()

    def blow(self, done: threading.Event) -> None:
        """Continues until it is stopped, and leaves everything working."""
        while not done.wait(self._random.uniform(*SECONDS_BETWEEN)):
            if self._random.random() < 0.5:
                wrong = self._random.randint(-LONGEST_JUMP_SECONDS, LONGEST_JUMP_SECONDS)
                self._clock.set(wrong)
                self.happened["clock"] += 1
            else:
                self._fail(*self._random.choice(list(self._disks.items())), done)
        self._clock.set(0)

    def _fail(self, name: str, disk: Disk, done: threading.Event) -> None:
        if self._random.random() < 0.5 and disk.make_read_only():
            self.happened[f"{name} read-only"] += 1
        else:
            disk.fill()
            self.happened[f"{name} full"] += 1
        done.wait(self._random.uniform(*SECONDS_IT_LASTS))
        disk.mend()
