"""Judges of an evaluation's replies."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from duologue.evaluation.replies import Side
from tests.support.evaluating import (
    ANYTHING_PASSES,
    QUICK,
    evaluated,
    evaluation_of,
    rows,
    write_one,
)
from tests.support.vellum_stand_in import StandIn

pytestmark = pytest.mark.usefixtures("prefect_server")

JUDGE = """
    from pathlib import Path

    def judge(chat_history, reply="", reference_reply="", first_reply="", second_reply=""):
        with (Path(__file__).parent / "asked.txt").open("a") as file:
            file.write(f"{bool(first_reply)}\\n")
        if first_reply:
            return {"preferred": "first"}
        assert chat_history[-1].text == reply
        return {"same": {"passed": reply == reference_reply, "message": len(chat_history) - 1}}

    def refuses(chat_history):
        raise ValueError("no")
"""


@pytest.fixture
def output(vellum: StandIn, module: Callable[[str, str], None], tmp_path: Path) -> Path:
    module("reply_judge", JUDGE)
    write_one(tmp_path / "datasets", conversations=2)
    return tmp_path / "datasets"


def judge(**options: Any) -> dict[str, Any]:
    return {"reference": "python:reply_judge:judge", "name": "j", "criteria": ["same"], **options}


def advanced(*judges: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**QUICK, "judges": list(judges), "gates": ANYTHING_PASSES, **more}


async def test_a_reply_that_a_judge_fails_has_regressed(output: Path, vellum: StandIn) -> None:
    state = await evaluated(output, advanced=advanced(judge(), only_with_reference=True))
    manifest = await evaluation_of(state)
    assert {row["verdict"] for row in rows(output, manifest)} == {"same"}
    summary = manifest.judges[Side.CANDIDATE]["j"].criteria["same"]
    assert (summary.passed, summary.failed) == (4, 0)

    vellum.deployments["support-bot"].reply = lambda seed_id, history: (
        "Something else." if len(history) == 1 else f"Answer to {len(history)}."
    )
    loose: dict[str, Any] = {}
    state = await evaluated(output, advanced=advanced(judge(), only_with_reference=True, **loose))
    manifest = await evaluation_of(state)
    found = rows(output, manifest)
    assert {row["verdict"] for row in found} == {"regressed"}
    assert [row["verdicts"][0]["message"] for row in found] == [1, 3, 1, 3]
    assert {row["verdicts"][0]["severity"] for row in found} == {"warning"}

    as_information = judge(severities={"same": "info"})
    more = {"only_with_reference": True, **loose}
    state = await evaluated(output, advanced=advanced(as_information, **more))
    assert {row["verdict"] for row in rows(output, await evaluation_of(state))} == {"changed"}


async def test_a_judge_with_nothing_but_position_bias_ends_in_a_tie(
    output: Path, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].reply = lambda seed_id, history: f"Say {len(history)}."
    state = await evaluated(output, advanced=advanced(judge(pairwise=True)))
    manifest = await evaluation_of(state)
    criteria = manifest.judges[Side.CANDIDATE]["j"].criteria
    assert criteria["preferred"].mean_score == 0.5
    assert (criteria["preferred"].passed, criteria["preferred"].failed) == (4, 0)
    asked = (output.parent / "asked.txt").read_text().split()
    assert asked.count("True") == 2 * 4, "once in each order"
    assert asked.count("False") == 6


async def test_a_judge_that_fails_makes_no_reply_regress(output: Path) -> None:
    failing = {"reference": "python:reply_judge:refuses", "name": "f"}
    state = await evaluated(output, advanced=advanced(failing, only_with_reference=True))
    manifest = await evaluation_of(state)
    assert {row["verdict"] for row in rows(output, manifest)} == {"same"}
    summary = manifest.judges[Side.CANDIDATE]["f"]
    assert summary.asked == sum(summary.no_verdict.values()) == 4
    written = json.loads(
        (
            Path(manifest.version.path).parent
            / "evaluations"
            / manifest.evaluation
            / "evaluation.json"
        ).read_text()
    )
    assert written["judges"]["candidate"]["f"]["asked"] == 4
