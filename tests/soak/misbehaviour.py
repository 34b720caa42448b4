"""A stand-in for Vellum that misbehaves at random, in every way there is.

python -m tests.soak.misbehaviour --random-seed 7      prints its URL first

GET /_soak/totals         {"calls": 900, "answered": 820, "again": 3, "ways": {"hang": 2, …}}
GET /_soak/answered/run-4 {"run-4-12": 4, …}: good answers by seed, of seeds that begin so
"""

import argparse
import asyncio
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from tests.support.prefect_processes import ROOT, free_port, running
from tests.support.vellum_failures import FAILURES, json_answer
from tests.support.vellum_stand_in import (
    ChatHistory,
    StandIn,
    StandInDeployment,
    bot_reply,
    serve,
    user_reply,
)

LATENCY_MS = 20
CANDIDATE = "candidate"
"""A Workflow Deployment for evaluations, whose calls are none of a conversation's."""

ARGUMENTS = {
    "rejected": "LLM_PROVIDER",
    "rejected_with_dict": "NODE_TIMEOUT",
    "rejected_with_text": "INVALID_INPUTS",
    "rejected_repeating": "NODE_EXECUTION",
    "output_named": "another-output",
    "status": "503",
    "status_html": "502",
    "status_empty": "500",
    "status_huge": "429",
    "status_repeating": "400",
    "redirect": "302",
    "retry_after": "0.2",
    "retry_after_date": "1",
    "drip": "0.0005",
}
"""For the ways that need one."""

WAYS = [f"{name}:{ARGUMENTS.get(name, '')}" for name in FAILURES]
STOP_A_RUN = {"redirect"}
"""Dealt in the first deck, and then in every Nth: no run would come to its end otherwise."""
DECKS_BETWEEN_STOPS = 8


class Misbehaviour:
    """Decides about each call. The ways are dealt as from a deck of cards, which is shuffled each
    time it is used up: so each occurs as often as any other, and surely.
    """

    def __init__(self, random_seed: int, chance: float) -> None:
        self._random = random.Random(random_seed)
        self._chance = chance
        self._deck: list[str] = []
        self._decks = 0
        self.calls = 0
        self.ways: Counter[str] = Counter()

    def next_way(self) -> str | None:
        self.calls += 1
        if self._random.random() >= self._chance:
            return None
        if not self._deck:
            self._deck = self._shuffled()
        way = self._deck.pop()
        self.ways[_name(way)] += 1
        return way

    def _shuffled(self) -> list[str]:
        stops = self._decks % DECKS_BETWEEN_STOPS == 0
        deck = [way for way in WAYS if stops or _name(way) not in STOP_A_RUN]
        self._decks += 1
        self._random.shuffle(deck)
        return deck


def _name(way: str) -> str:
    return way.partition(":")[0]


@dataclass
class MisbehavingDeployment(StandInDeployment):
    """A Workflow Deployment of which nobody knows how it will answer."""

    misbehaviour: Misbehaviour | None = None

    def next_failure(self, chat_history: ChatHistory) -> str | None:
        assert self.misbehaviour is not None
        return self.misbehaviour.next_way()


class MisbehavingStandIn(StandIn):
    """Misbehaves, and counts how often each message was answered well: what was billed."""

    def __init__(self, random_seed: int, chance: float) -> None:
        super().__init__(keep_log=False)
        self._misbehaviour = Misbehaviour(random_seed, chance)
        self._answered: Counter[tuple[str, str, int]] = Counter()
        self.deployments = {
            "support-bot": self._deployment("support-bot", bot_reply),
            "simulated-user": self._deployment("simulated-user", user_reply),
            CANDIDATE: self._deployment(CANDIDATE, bot_reply),
        }

    def _deployment(
        self, name: str, reply: Callable[[str, ChatHistory], str]
    ) -> MisbehavingDeployment:
        def counted(seed_id: str, chat_history: ChatHistory) -> str:
            self._answered[seed_id, name, len(chat_history)] += 1
            return reply(seed_id, chat_history)

        return MisbehavingDeployment(counted, LATENCY_MS, misbehaviour=self._misbehaviour)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/_soak/totals":
            return json_answer(self._totals())
        if request.path.startswith("/_soak/answered/"):
            return json_answer(self._answered_of(request.path.rpartition("/")[2]))
        return await super().answer(request)

    def _totals(self) -> dict[str, object]:
        answered = sum(self._answered.values())
        return {
            "calls": self._misbehaviour.calls,
            "answered": answered,
            "again": answered - len(self._answered),
            "ways": self._misbehaviour.ways,
        }

    def _answered_of(self, seeds: str) -> Counter[str]:
        found: Counter[str] = Counter()
        for (seed_id, _, _), times in self._answered.items():
            if seed_id.startswith(f"{seeds}-"):
                found[seed_id] += times
        return found


@contextmanager
def misbehaving(folder: Path, random_seed: int) -> Iterator[str]:
    """Serves in a process of its own, and gives its URL."""
    port = free_port()
    command = [sys.executable, "-m", "tests.soak.misbehaviour", "--port", str(port)]
    command += ["--random-seed", str(random_seed)]
    with running(command, ROOT, os.environ, folder / "vellum.log") as process:
        while not process.output:  # its URL comes first
            assert process.popen.poll() is None, "it ended"
            time.sleep(0.1)
        yield process.output.strip()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A stand-in for Vellum's API that misbehaves.")
    parser.add_argument("--port", type=int, default=0, help="0 stands for any free one")
    parser.add_argument("--random-seed", type=int, default=0)
    parser.add_argument("--chance", type=float, default=0.1, help="of a call to go wrong")
    arguments = parser.parse_args()
    stand_in = MisbehavingStandIn(arguments.random_seed, arguments.chance)
    asyncio.run(serve(stand_in, arguments.port))
