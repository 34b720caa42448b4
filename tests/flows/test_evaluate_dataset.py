"""Evaluations, on a real Prefect server, with the real Vellum SDK against a stand-in server."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from duologue.evaluation.manifest import EvaluationManifest
from duologue.evaluation.replies import Side, Verdict
from duologue.settings.participants import ParticipantInputs
from tests.support.evaluating import (
    PREFIXES,
    QUICK,
    TURNS,
    conversation,
    evaluated,
    evaluation_of,
    folder,
    rows,
    write_one,
)
from tests.support.generating import generated, manifest_of, output_of
from tests.support.vellum_stand_in import ChatHistory, StandIn, StandInDeployment, bot_reply

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where there is a version of four conversations, with twelve prefixes."""
    write_one(tmp_path / "datasets")
    return tmp_path / "datasets"


def check_every_prefix_is_accounted_for(manifest: EvaluationManifest) -> None:
    for summary in manifest.sides.values():
        assert sum(summary.verdicts.values()) == manifest.prefixes


# What is asked


async def test_a_chatbot_that_has_not_changed_passes(output: Path, vellum: StandIn) -> None:
    state = await evaluated(output)
    manifest = await evaluation_of(state)
    assert state.is_completed()
    assert manifest.prefixes == 4 * PREFIXES == len(vellum.requests)
    assert manifest.sides.keys() == {Side.CANDIDATE}
    candidate = manifest.sides[Side.CANDIDATE]
    assert {verdict: count for verdict, count in candidate.verdicts.items() if count} == {
        Verdict.SAME: 4 * TURNS,
        Verdict.WITHOUT_REFERENCE: 4,
    }
    assert candidate.scores["same"].mean == candidate.scores["similarity"].mean == 1.0
    assert manifest.failed_gates == ()
    check_every_prefix_is_accounted_for(manifest)


async def test_each_prefix_is_asked_once_with_its_messages_in_their_roles(
    output: Path, vellum: StandIn
) -> None:
    await evaluated(output)
    expected = [
        [{"role": message.role.value, "text": message.text} for message in turn.chat_history]
        for number in range(1, 5)
        for turn in conversation(number).conversation.next_turns
    ]
    asked = [
        [{"role": message["role"], "text": message["text"]} for message in request.chat_history]
        for request in vellum.requests
    ]
    assert sorted(asked, key=str) == sorted(expected, key=str)
    assert {request.release_tag for request in vellum.requests} == {"production"}


async def test_a_version_that_a_run_made_is_evaluated_with_the_inputs_of_that_run(
    seeds_csv: Path, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].inputs |= {"tone": "STRING", "tier": "STRING"}
    seeds_csv.write_text("message,plan\nWhere is it?,gold\nAnd mine?,free\n")
    inputs = {"static_inputs": {"tone": "formal"}, "seed_inputs": {"tier": "plan"}}
    state = await generated(
        seeds_csv,
        chatbot="support-bot@production",
        turns=TURNS,
        advanced={"chatbot_inputs": inputs},
    )
    generation = [r for r in vellum.requests if r.deployment == "support-bot"]
    vellum.requests.clear()
    manifest = await evaluation_of(await evaluated(output_of(seeds_csv)))
    assert manifest.version.version == (await manifest_of(state)).version
    assert manifest.sides[Side.CANDIDATE].verdicts[Verdict.SAME] == 2 * TURNS

    def by_prefix(requests: list[Any]) -> dict[str, tuple[Any, ...]]:
        said = {str(one.chat_history): one for one in requests}
        return {
            key: (one.inputs, one.metadata["seed_id"], one.release_tag, one.path)
            for key, one in said.items()
        }

    assert by_prefix(generation).items() <= by_prefix(vellum.requests).items()
    assert len(vellum.requests) == 2 * PREFIXES
    given = {
        (str(one.metadata), item["name"], item["value"])
        for one in vellum.requests
        for item in one.inputs
        if item["name"] != "chat_history"
    }
    assert {(name, value) for _, name, value in given} == {
        ("tone", "formal"),
        ("tier", "gold"),
        ("tier", "free"),
    }


async def test_the_candidate_may_be_given_other_inputs_than_the_versions_chatbot(
    tmp_path: Path, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].inputs |= {"tone": "STRING"}
    write_one(tmp_path, inputs=ParticipantInputs(static_inputs={"tone": "formal"}))
    await evaluated(
        tmp_path,
        candidate="support-bot@next",
        advanced={**QUICK, "candidate_inputs": {"static_inputs": {"tone": "warm"}}},
    )
    assert {request.release_tag for request in vellum.requests} == {"next"}
    assert {
        item["value"] for r in vellum.requests for item in r.inputs if item["name"] == "tone"
    } == {"warm"}


# What is found


@pytest.mark.processes
async def test_of_200_conversations_exactly_the_replies_that_changed_come_first(
    tmp_path: Path, vellum: StandIn
) -> None:
    """Five in a hundred replies are other ones: half of them decline, half of them digress.

    The stand-in always says the same, so that each other reply is below its noise.
    """
    output = tmp_path / "datasets"
    write_one(output, conversations=200)
    changed = {f"number {number}?" for number in range(1, 201, 20)}

    def reply(seed_id: str, chat_history: ChatHistory) -> str:
        opened_with = str(chat_history[0]["text"])
        if any(opened_with.endswith(text) for text in changed):
            if len(chat_history) == 1:
                return "I'm sorry, but I can't help with that."
            if len(chat_history) == 3:
                return "Our chef recommends the soup of the day."
        return bot_reply(seed_id, chat_history)

    vellum.deployments["next-bot"] = StandInDeployment(reply)
    state = await evaluated(output, candidate="next-bot", advanced={**QUICK, "noise_samples": 2})
    manifest = await evaluation_of(state)
    assert len(vellum.requests) == 200 * PREFIXES * (1 + 2)
    verdicts = manifest.sides[Side.CANDIDATE].verdicts
    assert (verdicts[Verdict.REGRESSED], verdicts[Verdict.SAME]) == (20, 380)
    assert state.is_failed()
    (why,) = manifest.failed_gates
    assert "20 replies are below the noise" in why
    expected = {
        f"s{number}-1-t{turn}" for number in range(1, 201, 20) for turn in range(1, TURNS + 1)
    }
    found = {row["next_turn_id"] for row in rows(output, manifest) if row["verdict"] == "regressed"}
    assert found == expected
    assert {
        row["next_turn_id"] for row in rows(output, manifest) if row["broken_rules"] == ["refusal"]
    } == {f"s{number}-1-t1" for number in range(1, 201, 20)}
    in_report = shown_in_order(folder(output, manifest) / "report.html")
    assert set(in_report[:20]) == expected
    assert len(in_report) == len(set(in_report)) == 500
    assert Counter(row["verdict"] for row in rows(output, manifest)) == {
        "regressed": 20,
        "same": 380,
        "without_reference": 200,
    }


def shown_in_order(report: Path) -> list[str]:
    """The ids of the next turns whose replies a report shows, from its top."""
    return re.findall(r'<article[^>]* id="([^"]+)"', report.read_text(encoding="utf-8"))
