"""Whether a conversation that was finished and stored was ever billed again."""

import json
import re
from pathlib import Path

import httpx


class Paying:
    """Compares what a run's seeds cost before it was resumed, and afterwards."""

    def __init__(self, vellum: str, output: Path) -> None:
        self._vellum = httpx.Client(base_url=vellum, timeout=60)
        self._output = output
        self._paid: dict[str, int] = {}
        self.kept = 0
        """Finished conversations that were found whenever a run was cut short, in total."""

    def note(self, run: str, version: str) -> None:
        """Notes what was billed so far for the finished conversations of a run."""
        folders = self._output.glob(f"*/.checkpoints/{version}")
        finished = {seed_id for folder in folders for seed_id in finished_seeds(folder)}
        answered = self._answered(run)
        self._paid = {seed_id: answered.get(seed_id, 0) for seed_id in finished}
        self.kept += len(finished)

    def paid_again(self, run: str) -> list[str]:
        """Returns the seeds that were called for again since `note`."""
        before, self._paid = self._paid, {}
        answered = self._answered(run)
        return sorted(seed for seed, times in before.items() if answered.get(seed, 0) > times)

    def _answered(self, run: str) -> dict[str, int]:
        found: dict[str, int] = self._vellum.get(f"/_soak/answered/{run}").json()
        return found


def finished_seeds(folder: Path) -> set[str]:
    """Reads in the checkpoints which conversations of a version are finished."""
    files = [
        file
        for file in (folder.iterdir() if folder.is_dir() else [])
        if re.fullmatch(r"[0-9a-f]{64}\.json", file.name)
    ]
    return {seed_id for file in files if (seed_id := _finished_seed(file))}


def _finished_seed(file: Path) -> str | None:
    try:
        seed_id: str = json.loads(file.read_bytes())["seed_id"]
    except (ValueError, FileNotFoundError):  # damaged, or just removed
        return None
    return seed_id
