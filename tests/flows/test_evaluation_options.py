"""What an evaluation may be asked to do, and what is refused before anything is paid for."""

import re
from pathlib import Path
from typing import Any

import pytest

from duologue.errors import DuologueError, UsageError
from duologue.evaluation.replies import Side, Verdict
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, contents, failed
from tests.support.evaluating import (
    ANYTHING_PASSES,
    PREFIXES,
    QUICK,
    TURNS,
    evaluated,
    evaluation_of,
    folder,
    rows,
    write_one,
)
from tests.support.vellum_stand_in import ChatHistory, StandIn, StandInDeployment, bot_reply

pytestmark = pytest.mark.usefixtures("prefect_server")

POLITE = "python:tests.evaluation.own_scorers:polite"
SORRY = "I'm sorry, but I can't help with that."


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where there is a version of four conversations, with twelve prefixes."""
    write_one(tmp_path / "datasets")
    return tmp_path / "datasets"


def half_as_long(seed_id: str, chat_history: ChatHistory) -> str:
    words = bot_reply(seed_id, chat_history).split()
    return " ".join(words[: len(words) // 2])


def thanking(seed_id: str, chat_history: ChatHistory) -> str:
    return f"{bot_reply(seed_id, chat_history)} Thank you!"


# A baseline


async def test_both_sides_answer_every_prefix_and_are_compared(
    output: Path, vellum: StandIn
) -> None:
    """The candidate says half of it, the baseline all: the difference is negative."""
    vellum.deployments["terse-bot"] = StandInDeployment(half_as_long)
    manifest = await evaluation_of(
        await evaluated(output, candidate="terse-bot@v2", baseline="support-bot@v1")
    )
    asked = [(r.deployment, r.release_tag, str(r.chat_history)) for r in vellum.requests]
    assert len(asked) == len(set(asked)) == 2 * 12
    assert {(name, tag) for name, tag, _ in asked} == {("terse-bot", "v2"), ("support-bot", "v1")}
    assert list(manifest.sides) == [Side.CANDIDATE, Side.BASELINE]
    for summary in manifest.sides.values():
        assert sum(summary.verdicts.values()) == manifest.prefixes == 12
    candidate, baseline = manifest.sides.values()
    assert baseline.scores["similarity"].mean == 1.0 > candidate.scores["similarity"].mean > 0.5
    drop = manifest.differences["similarity"]
    assert drop.mean == pytest.approx(candidate.scores["similarity"].mean - 1)
    assert drop.high < 0
    assert drop.count == 4 * TURNS
    found = rows(output, manifest)
    assert [row["side"] for row in found] == ["candidate", "baseline"] * 12
    assert {(row["side"], row["chatbot"], row["chatbot_release_tag"]) for row in found} == {
        ("candidate", "terse-bot", "v2"),
        ("baseline", "support-bot", "v1"),
    }
    assert [row["next_turn_id"] for row in found[::2]] == [
        row["next_turn_id"] for row in found[1::2]
    ]


async def test_a_candidate_that_is_better_is_above_the_baseline(
    output: Path, vellum: StandIn
) -> None:
    vellum.deployments["polite-bot"] = StandInDeployment(thanking)
    manifest = await evaluation_of(
        await evaluated(
            output,
            candidate="polite-bot",
            baseline="support-bot",
            advanced={**QUICK, "scoring": {"own_scorers": [POLITE]}},
        )
    )
    assert manifest.differences["polite"].mean == manifest.differences["polite"].low == 1.0
    assert manifest.differences["polite"].count == 12
    assert manifest.differences["similarity"].high < 0


async def test_the_same_chatbot_on_both_sides_differs_in_nothing(
    output: Path, vellum: StandIn
) -> None:
    manifest = await evaluation_of(
        await evaluated(output, candidate="support-bot", baseline="support-bot")
    )
    assert len(vellum.requests) == 2 * 12, "each side gets its own requests"
    checkpoints = output / "shop" / "evaluations" / ".checkpoints" / VERSION
    assert len(list((checkpoints / manifest.evaluation).iterdir())) == 2 * 12, "and stored"
    for difference in manifest.differences.values():
        assert (difference.mean, difference.low, difference.high) == (0.0, 0.0, 0.0)
    assert manifest.failed_gates == ()


@pytest.mark.parametrize(("most", "passes"), [(0.05, False), (0.9, True)])
async def test_a_drop_below_the_baseline_fails_where_its_interval_is_beyond_the_gate(
    output: Path, vellum: StandIn, most: float, passes: bool
) -> None:
    vellum.deployments["terse-bot"] = StandInDeployment(half_as_long)
    gates = {**ANYTHING_PASSES, "max_drops": {"similarity": most}}
    state = await evaluated(
        output,
        candidate="terse-bot",
        baseline="support-bot",
        advanced={**QUICK, "gates": gates},
    )
    manifest = await evaluation_of(state)
    assert state.is_completed() is passes
    if not passes:
        (why,) = manifest.failed_gates
        assert re.fullmatch(
            r"the mean of similarity is 0\.\d{3} below the baseline's \(confidence interval "
            r"0\.\d{3} to 0\.\d{3}\); max_drops allows 0\.05",
            why,
        )


# Scores and gates


async def test_a_mean_below_the_least_fails(output: Path, vellum: StandIn) -> None:
    vellum.deployments["support-bot"].reply = thanking
    gates = {"min_scores": {"same": 0.5, "similarity": 0.5, "polite": 1}}
    state = await evaluated(
        output,
        advanced={**QUICK, "gates": gates, "scoring": {"own_scorers": [POLITE]}},
    )
    manifest = await evaluation_of(state)
    assert manifest.failed_gates == ("the mean of same is 0.000; min_scores asks for 0.5",)
    assert manifest.sides[Side.CANDIDATE].verdicts[Verdict.CHANGED] == 4 * TURNS
    assert manifest.sides[Side.CANDIDATE].scores["polite"].count == 12


async def test_replies_that_regressed_fail_the_run(output: Path, vellum: StandIn) -> None:
    vellum.deployments["support-bot"].reply = lambda seed_id, history: SORRY
    state = await evaluated(output)
    manifest = await evaluation_of(state)
    assert state.is_failed()
    assert manifest.failed_gates == (
        "12 of 12 replies break a rule or fail before a judge (100.0%); max_regressed_share "
        "allows 5.0%",
    )


async def test_an_own_scorer_that_fails_costs_its_scores_and_nothing_else(
    output: Path, vellum: StandIn
) -> None:
    own = [
        f"python:tests.evaluation.own_scorers:{name}" for name in ("raises", "fails_at_3", "polite")
    ]
    state = await evaluated(output, advanced={**QUICK, "scoring": {"own_scorers": own}})
    manifest = await evaluation_of(state)
    assert state.is_completed()
    assert manifest.failed_own_scorers == {"raises": 12, "fails_at_3": 3}
    assert "raises" not in manifest.sides[Side.CANDIDATE].scores
    assert manifest.sides[Side.CANDIDATE].scores["fails_at_3"].count == 9
    found = rows(output, manifest)
    assert {row["score_raises"] for row in found} == {None}
    assert [row["conversation_id"] for row in found if row["score_fails_at_3"] is None] == [
        "s3-1"
    ] * PREFIXES


async def test_a_gate_on_a_scorer_that_always_fails_is_not_passed(
    output: Path, vellum: StandIn
) -> None:
    scoring = {"own_scorers": ["python:tests.evaluation.own_scorers:raises"]}
    gates = {"min_scores": {"raises": 0.1}}
    state = await evaluated(output, advanced={**QUICK, "scoring": scoring, "gates": gates})
    assert (await evaluation_of(state)).failed_gates == (
        "no reply has the score raises; min_scores asks for a mean of 0.1",
    )


async def test_a_reply_that_takes_too_long_breaks_a_rule(output: Path, vellum: StandIn) -> None:
    """The version's own replies took 101 to 103 ms, so that theirs is no excuse."""
    vellum.deployments["support-bot"].latency_ms = 220
    manifest = await evaluation_of(
        await evaluated(output, advanced={**QUICK, "scoring": {"max_latency_ms": 200}})
    )
    assert manifest.sides[Side.CANDIDATE].broken_rules == {"slow": 12}
    assert manifest.sides[Side.CANDIDATE].verdicts[Verdict.REGRESSED] == 12
    assert all(row["latency_ms"] >= 220 for row in rows(output, manifest))
    assert manifest.sides[Side.CANDIDATE].latency_ms["p50"] >= 220


async def test_the_ends_of_conversations_may_be_left_out(output: Path, vellum: StandIn) -> None:
    manifest = await evaluation_of(
        await evaluated(output, advanced={**QUICK, "only_with_reference": True})
    )
    assert manifest.prefixes == len(vellum.requests) == 4 * TURNS
    assert manifest.sides[Side.CANDIDATE].verdicts[Verdict.WITHOUT_REFERENCE] == 0
    assert all(row["reference_reply"] is not None for row in rows(output, manifest))


# Candidates of other kinds


async def test_any_python_function_may_be_the_candidate(output: Path, vellum: StandIn) -> None:
    manifest = await evaluation_of(
        await evaluated(
            output,
            candidate="python:tests.support.own_bots:says_how_much",
            advanced={**QUICK, "gates": ANYTHING_PASSES},
        )
    )
    assert vellum.requests == []
    assert [row["reply"] for row in rows(output, manifest)] == [
        f"There are {n} messages." for n in (1, 3, 5)
    ] * 4


async def test_the_bundled_workflow_may_be_the_candidate(
    output: Path, vellum: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VELLUM_API_KEY")
    manifest = await evaluation_of(
        await evaluated(
            output,
            candidate="local:duologue.workflows.support_bot",
            advanced={**QUICK, "gates": ANYTHING_PASSES},
        )
    )
    assert all(row["reply"] for row in rows(output, manifest))
    assert {row["chatbot"] for row in rows(output, manifest)} == {
        "local:duologue.workflows.support_bot"
    }


# What is refused


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"candidate": "smtp:bot"}, "participant 'smtp:bot': unknown kind 'smtp'"),
        ({"baseline": "support bot"}, "participant 'support bot': expected NAME"),
        ({"candidate": "python:tests.support.own_bots:absent"}, "has no function 'absent'"),
        ({"candidate": "local:nothing.here"}, "there is no module 'nothing'"),
        ({"version": "20200101T000000000Z-00000000"}, "not found"),
        ({"version": "nowhere"}, "nowhere: expected the folder of a version"),
        ({"name": "other"}, "latest: nothing is published in"),
        ({"advanced": {"gates": {"min_scores": {"politeness": 1}}}}, "no scorer 'politeness'"),
        ({"advanced": {"gates": {"max_drops": {"same": 0.1}}}}, "no baseline to compare with"),
        ({"advanced": {"scoring": {"own_scorers": ["my_scorers.polite"]}}}, "expected python:"),
        ({"advanced": {"scoring": {"own_scorers": ["python:nothing:f"]}}}, "no module 'nothing'"),
        (
            {"advanced": {"scoring": {"embedding_model": "/nowhere/model"}}},
            "embedding_model '/nowhere/model'",
        ),
        ({"advanced": {"evaluations": "/proc/here"}}, "evaluations /proc/here: cannot be written"),
        ({"advanced": {"evaluations": "nowhere://x"}}, "nowhere://x: cannot be opened"),
        (
            {"advanced": {"only_with_reference": True, "test_suite": {"suite": "my-test-suite"}}},
            "Test Suite 'my-test-suite': its cases are conversations up to their last",
        ),
    ],
)
async def test_wrong_use_is_reported_before_any_call(
    output: Path, vellum: StandIn, parameters: dict[str, Any], told: str
) -> None:
    advanced = {**QUICK, **parameters.get("advanced", {})}
    state = await evaluated(output, **{**parameters, "advanced": advanced})
    with pytest.raises(UsageError, match=re.escape(told)):
        await state.aresult()
    assert vellum.requests == []
    assert not list(output.rglob("evaluation.*"))


async def test_a_version_without_conversations_has_nothing_to_evaluate_on(
    tmp_path: Path, vellum: StandIn
) -> None:
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, contents(failed=[failed("Hi")]))
    state = await evaluated(tmp_path, version=VERSION)
    with pytest.raises(UsageError, match="holds nothing that a chatbot could reply to"):
        await state.aresult()
    assert vellum.requests == []


async def test_several_datasets_need_a_name(output: Path, vellum: StandIn) -> None:
    write_one(output, conversations=1, name="bank")
    with pytest.raises(UsageError, match=r"holds several datasets \(bank, shop\)"):
        await (await evaluated(output)).aresult()
    manifest = await evaluation_of(await evaluated(output, name="bank"))
    assert (manifest.version.dataset, len(vellum.requests)) == ("bank", PREFIXES)
    assert folder(output, manifest).is_dir()


async def test_without_a_key_a_workflow_deployment_cannot_be_asked(
    output: Path, vellum: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VELLUM_API_KEY")
    with pytest.raises(DuologueError, match="VELLUM_API_KEY is not set"):
        await (await evaluated(output)).aresult()
    assert not list(output.rglob("evaluation.*"))


# Where the worker says what may run


CODE = [
    {"candidate": "python:tests.support.own_bots:says_how_much"},
    {"baseline": "local:tests.support.own_bots"},
    {"advanced": {**QUICK, "scoring": {"own_scorers": [POLITE]}}},
]


@pytest.mark.parametrize("parameters", CODE)
async def test_a_deployment_runs_only_the_code_that_its_worker_allows(
    output: Path, vellum: StandIn, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, Any]
) -> None:
    # Prefect's own way to say it of a run that is none.
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "a-deployment")
    state = await evaluated(output, **parameters)
    with pytest.raises(UsageError, match="runs only the code that its worker allows"):
        await state.aresult()
    assert vellum.requests == []


async def test_what_the_worker_allows_runs(
    output: Path, vellum: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "a-deployment")
    monkeypatch.setenv(
        "DUOLOGUE_ALLOWED_CODE", "tests.support.own_bots,tests.evaluation.own_scorers"
    )
    gates = {"gates": ANYTHING_PASSES}
    state = await evaluated(
        output,
        candidate="python:tests.support.own_bots:says_how_much",
        advanced={**QUICK, **gates, "scoring": {"own_scorers": [POLITE]}},
    )
    assert state.is_completed()


async def test_a_python_chatbot_of_the_version_is_refused_as_well(
    tmp_path: Path, vellum: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version's files may come from anywhere."""
    write_one(tmp_path, chatbot="python:tests.support.own_bots:says_how_much")
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "a-deployment")
    with pytest.raises(UsageError, match="runs only the code that its worker allows"):
        await (await evaluated(tmp_path)).aresult()
