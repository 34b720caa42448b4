"""Judges in the main flow: their verdicts are in the dataset, and decide as the settings say."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from duologue.dataset.manifest import Manifest
from tests.support.generating import (
    ANYTHING_PASSES,
    QUICK,
    folder,
    generated,
    manifest_of,
    rerun,
    retried,
)
from tests.support.vellum_stand_in import StandIn

pytestmark = pytest.mark.usefixtures("prefect_server")

LABEL_JUDGE = """
    import json
    from pathlib import Path

    HERE = Path(__file__).parent

    def judge(chat_history, conversation_id, goal):
        with (HERE / "asked.txt").open("a") as file:
            file.write(chat_history[0].text + "\\n")
        number = chat_history[0].text.split("number ")[1].rstrip("?")
        label = json.loads((HERE / "labels.json").read_text()).get(number, True)
        if label == "raises":
            raise RuntimeError("this judge cannot: " + chat_history[0].text)
        return label
"""
"""Answers by the order's number in the first message, and notes every call."""

FAILED = {"criterion": "user_in_role", "passed": False, "reason": "It is the bot.", "message": 2}
JUDGE: dict[str, Any] = {
    "reference": "python:label_judge:judge",
    "name": "labels",
    "criteria": ["user_in_role"],
}


@pytest.fixture
def labels(module: Callable[[str, str], None], seeds_csv: Path) -> Callable[[dict[str, Any]], None]:
    module("label_judge", LABEL_JUDGE)

    def write(labels: dict[str, Any]) -> None:
        (seeds_csv.parent / "labels.json").write_text(json.dumps(labels))

    write({})
    return write


def asked(seeds: Path) -> Counter[str]:
    """How often the judge was asked about each conversation, by its first message."""
    path = seeds.parent / "asked.txt"
    return Counter(path.read_text().splitlines()) if path.exists() else Counter()


def advanced(*judges: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**QUICK, "gates": ANYTHING_PASSES, "judges": list(judges), **more}


def verdicts(seeds: Path, manifest: Manifest) -> dict[str, list[dict[str, Any]]]:
    """The column `verdicts` by first message."""
    table = pq.read_table(folder(seeds, manifest) / "conversations.parquet")
    return {row["seed_message"]: row["verdicts"] for row in table.to_pylist()}


def order(number: int) -> str:
    return f"Where is my order number {number}?"


async def test_a_verdict_is_in_the_dataset_and_a_failed_role_makes_invalid(
    seeds_csv: Path, vellum: StandIn, labels: Callable[[dict[str, Any]], None]
) -> None:
    labels({"3": FAILED, "5": {"passed": True, "score": 0.75, "reason": "Fine.", "message": 0}})
    state = await generated(seeds_csv, turns=1, advanced=advanced(JUDGE))
    manifest = await manifest_of(state)
    counts = manifest.counts
    assert (counts.valid, counts.invalid, counts.failed) == (9, 1, 0)
    assert manifest.broken_rules == {"judge:user_in_role": 1}
    found = verdicts(seeds_csv, manifest)
    assert order(3) not in found
    assert found[order(5)] == [
        {
            "judge": "labels",
            "criterion": "user_in_role",
            "passed": True,
            "score": 0.75,
            "reason": "Fine.",
            "message": 0,
            "severity": "invalid",
            "samples": 1,
            "agreement": 1.0,
        }
    ]
    failures = pd.read_csv(folder(seeds_csv, manifest) / "failures.csv")
    assert list(failures["seed_message"]) == [order(3)]
    assert list(failures["error_class"]) == ["judge:user_in_role"]
    assert list(failures["reason"]) == ["message 2: It is the bot."]
    summary = manifest.judges["labels"]
    assert summary.asked == 10
    assert summary.no_verdict == {}
    role = summary.criteria["user_in_role"]
    assert (role.passed, role.failed, role.mean_score) == (9, 1, 0.75)


async def test_a_retry_judges_only_what_is_new(
    seeds_csv: Path, vellum: StandIn, labels: Callable[[dict[str, Any]], None]
) -> None:
    labels({"3": FAILED, "4": "raises"})
    state = await generated(seeds_csv, turns=1, advanced=advanced(JUDGE))
    manifest = await manifest_of(state)
    assert manifest.counts.invalid == 1
    [(reason, count)] = manifest.judges["labels"].no_verdict.items()
    assert count == 1
    assert "RuntimeError" in reason
    assert order(4) in verdicts(seeds_csv, manifest), "a judge that fails makes nothing invalid"
    before = asked(seeds_csv)
    labels({})
    repaired = await manifest_of(await retried(state))
    assert repaired.judges["labels"].asked == 10
    assert repaired.judges["labels"].no_verdict == {}
    # Number 3 is simulated again, word by word the same, so its stored verdict is found.
    assert asked(seeds_csv) - before == Counter([order(4)])
    assert repaired.counts.invalid == 1


async def test_a_rerun_judges_only_what_is_new(
    seeds_csv: Path, vellum: StandIn, labels: Callable[[dict[str, Any]], None]
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"number 7?": "status:400"}
    state = await generated(seeds_csv, turns=1, advanced=advanced(JUDGE))
    first = await manifest_of(state)
    assert first.judges["labels"].asked == 9
    vellum.deployments["support-bot"].when_history_contains = {}
    before = asked(seeds_csv)
    second = await manifest_of(await rerun(seeds_csv))
    assert second.counts.valid == 10
    assert second.judges["labels"].asked == 10
    assert asked(seeds_csv) - before == Counter([order(7)])
    assert all(len(found) == 1 for found in verdicts(seeds_csv, second).values())


async def test_a_gate_holds_the_version_back(
    seeds_csv: Path, vellum: StandIn, labels: Callable[[dict[str, Any]], None]
) -> None:
    failed = {"criterion": "goal_reached", "passed": False}
    labels({str(n): failed for n in (1, 2, 3)} | {str(n): {"score": 0.9} for n in range(4, 11)})
    judge = {**JUDGE, "criteria": ["goal_reached"]}
    gates = {**ANYTHING_PASSES, "min_passed": {"goal_reached": 0.8}}
    state = await generated(seeds_csv, turns=1, advanced=advanced(judge, gates=gates))
    manifest = await manifest_of(state)
    assert manifest.counts.valid == 10, "goal_reached is information by default"
    assert manifest.information["judge:goal_reached"] == 3
    assert manifest.held_back == (
        "7 of 10 verdicts pass goal_reached (70.0%); min_passed asks for 80.0%",
    )
