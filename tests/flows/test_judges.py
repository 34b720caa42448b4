"""Judges in the main flow: their verdicts are in the dataset, and decide as the settings say."""

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from duologue.dataset.manifest import Manifest
from duologue.tasks.artifacts import summary
from duologue.versions.finding import find_version
from duologue.versions.reading import read_contents
from tests.support.commands import duologue
from tests.support.generating import (
    ANYTHING_PASSES,
    QUICK,
    folder,
    generated,
    manifest_of,
    rerun,
    retried,
)
from tests.support.vellum_stand_in import ChatHistory, StandIn, bot_reply

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


STRESS_JUDGE = """
    import asyncio
    import json
    import random
    from pathlib import Path

    HERE = Path(__file__).parent
    CALLS = {}

    class Gone(BaseException):
        pass

    async def judge(chat_history, conversation_id, transcript):
        plan = json.loads((HERE / "plan.json").read_text())
        number = CALLS.get(conversation_id, 0)
        CALLS[conversation_id] = number + 1
        kind = plan[conversation_id].get(str(number), "answers")
        await asyncio.sleep(random.Random(f"{conversation_id}{number}").random() / 20)
        if (HERE / "stop").exists() and sum(CALLS.values()) > plan["stop_after"]:
            kind = "raises"
        with (HERE / "answered.txt").open("a") as file:
            if kind == "raises":
                raise ValueError("no")
            if kind == "gone":
                raise Gone
            if kind == "prose":
                return "I would rather not."
            file.write(conversation_id + "\\n")
        wanted = plan[conversation_id]
        text = wanted["at"] and chat_history[int(wanted["at"])].text
        assert text is None or text in transcript
        return {
            "verdicts": [
                {"criterion": name, "passed": name not in wanted["fails"],
                 "reason": f"{conversation_id} {name} {text}",
                 "message": None if wanted["at"] is None else int(wanted["at"])}
                for name in ("user_in_role", "goal_reached")
            ]
        }
"""


async def test_every_verdict_arrives_at_its_conversation_and_message(
    module: Callable[[str, str], None], tmp_path: Path, vellum: StandIn
) -> None:
    """Many conversations at once, three samples of each that answer in any order, calls that fail,
    and a run that is resumed."""
    rng = random.Random(20261130)
    module("stress_judge", STRESS_JUDGE)
    seeds = tmp_path / "seeds.csv"
    seeds.write_text("".join(f"Where is my order number {n}?\n" for n in range(1, 61)))
    first = await manifest_of(await generated(seeds, turns=2, advanced=advanced()))
    table = pq.read_table(folder(seeds, first) / "conversations.parquet").to_pylist()
    labels: dict[str, Any] = {
        row["conversation_id"]: {
            "at": rng.choice([None, *map(str, range(len(row["messages"])))]),
            "fails": rng.sample(["user_in_role", "goal_reached"], rng.choice([0, 0, 1, 2])),
            # At most one of three samples fails, in any of these ways.
            str(rng.randrange(3)): rng.choice(["answers", "raises", "gone", "prose"]),
        }
        for row in table
    }
    (tmp_path / "plan.json").write_text(json.dumps({**labels, "stop_after": 60}))
    (tmp_path / "stop").touch()
    judge = {
        "reference": "python:stress_judge:judge",
        "name": "stress",
        "criteria": ["user_in_role", "goal_reached"],
        "samples": 3,
    }
    state = await generated(seeds, turns=2, advanced=advanced(judge))
    cut_short = await manifest_of(state)
    assert sum(cut_short.judges["stress"].no_verdict.values()) > 30
    (tmp_path / "stop").unlink()
    state = await retried(state)
    manifest = await manifest_of(state)
    assert manifest.judges["stress"].no_verdict == {}

    read = {item["id"]: item["conversation"]["messages"] for item in failed_of(seeds, manifest)}
    found = {item["id"]: item["verdicts"] for item in failed_of(seeds, manifest)}
    for row in pq.read_table(folder(seeds, manifest) / "conversations.parquet").to_pylist():
        read[row["conversation_id"]] = row["messages"]
        found[row["conversation_id"]] = row["verdicts"]
    assert found.keys() == labels.keys()
    for id_, verdicts_of in found.items():
        wanted = labels[id_]
        at = None if wanted["at"] is None else int(wanted["at"])
        text = None if at is None else read[id_][at]["text"]
        assert [(v["criterion"], v["passed"], v["message"], v["reason"]) for v in verdicts_of] == [
            (name, name not in wanted["fails"], at, f"{id_} {name} {text}")
            for name in ("user_in_role", "goal_reached")
        ]
    invalid = {id_ for id_, wanted in labels.items() if "user_in_role" in wanted["fails"]}
    assert {item["id"] for item in failed_of(seeds, manifest)} == invalid
    counts = manifest.counts
    assert counts.seeds == counts.valid + counts.invalid + counts.failed == 60
    answered = Counter((tmp_path / "answered.txt").read_text().split())
    assert max(answered.values()) <= 3, "no sample is asked for again once it is answered"


def failed_of(seeds: Path, manifest: Manifest) -> list[dict[str, Any]]:
    """The invalid conversations in failures.jsonl, with their ids."""
    lines = (folder(seeds, manifest) / "failures.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    return [{"id": one["conversation"]["conversation_id"], **one} for one in records]


async def test_the_report_and_the_artifact_show_what_the_judges_said(
    seeds_csv: Path, vellum: StandIn, labels: Callable[[dict[str, Any]], None]
) -> None:
    labels({"3": FAILED, "4": "raises", "5": {"passed": True, "score": 0.25}})
    state = await generated(seeds_csv, turns=1, advanced=advanced(JUDGE))
    manifest = await manifest_of(state)
    page = (folder(seeds_csv, manifest) / "report.html").read_text()
    assert "labels gave no verdict on 1 conversation: " in page
    assert '<td>user_in_role</td><td><span class="badge invalid">invalid</span></td>' in page
    contents = read_contents(find_version(str(folder(seeds_csv, manifest)), "", None))
    assert sum(len(item.verdicts) for item in contents.checked) == 9
    shown = summary(manifest, contents, "datasets", None)
    assert "| labels | user_in_role | 8 of 9 | 0.250 | invalid |" in shown
    assert "- labels gave no verdict on 1 conversation: " in shown
    command = duologue("show", str(folder(seeds_csv, manifest)), cwd=seeds_csv.parent)
    assert "passed user_in_role (0.25), says labels" in command.stdout


async def test_only_the_doubtful_or_a_share_are_asked_about(
    seeds_csv: Path, vellum: StandIn, labels: Callable[[dict[str, Any]], None]
) -> None:
    def shouts(seed_id: str, history: ChatHistory) -> str:
        said = bot_reply(seed_id, history)
        return (
            f"Write to ann.lee@brook-hill.com: {said}"
            if "number 6?" in said_first(history)
            else said
        )

    vellum.deployments["support-bot"].reply = shouts
    manifest = await manifest_of(
        await generated(seeds_csv, turns=1, advanced=advanced({**JUDGE, "ask": "doubtful"}))
    )
    assert asked(seeds_csv) == Counter([order(6)])
    assert manifest.judges["labels"].asked == 1


def said_first(history: ChatHistory) -> str:
    return str(history[0]["text"])
