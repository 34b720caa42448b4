"""Noisy chatbots, evaluated by real flows: an unchanged one passes, and a worse one does not."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from duologue.conversation.messages import Message, Role
from duologue.evaluation.manifest import EvaluationManifest
from duologue.evaluation.replies import Side, Verdict
from duologue.settings.participants import ParticipantSettings
from duologue.validation.check import CheckedConversation
from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, checked, contents
from tests.support import paraphrasing
from tests.support.evaluating import QUICK, evaluated, evaluation_of, folder, rows, write_one
from tests.support.vellum_stand_in import StandIn

pytestmark = pytest.mark.usefixtures("prefect_server")

SEEDS = 40
OWN = "python:noisy_shop_bot:reply"
MEASURED = {**QUICK, "noise_samples": 3}


@dataclass
class OwnBot:
    """The version's chatbot. Its replies are counted, and a test may change what it says."""

    calls: int = 0
    says: Callable[[list[Message]], str] = paraphrasing.noisy

    def reply(self, chat_history: list[Message]) -> str:
        self.calls += 1
        return self.says(chat_history)


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch) -> OwnBot:
    """The chatbot, and a module with it."""
    own = OwnBot()
    module = ModuleType("noisy_shop_bot")
    vars(module)["reply"] = own.reply
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return own


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where there is a version of conversations with the noisy chatbot.

    The chatbot says the same in every run of a test: the test of noise is wrong once in a hundred
    times, by its definition.
    """
    paraphrasing.start_again()
    made = contents(*map(_conversation, range(SEEDS)))
    settings = made.settings.model_copy(update={"chatbot": ParticipantSettings.parsed(OWN)})
    made = replace(made, settings=settings)
    publish_latest(write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, made))
    return tmp_path


def _conversation(number: int) -> CheckedConversation:
    topics = [paraphrasing.TOPICS[(number + turn) % len(paraphrasing.TOPICS)] for turn in range(3)]
    texts = [f"{paraphrasing.QUESTIONS[topics[0]]} I am customer {number}."]
    for topic in topics[1:]:
        texts.append(paraphrasing.noisy([Message(role=Role.USER, text=texts[-1])]))
        texts.append(paraphrasing.QUESTIONS[topic])
    return checked(*texts, seed_id=f"s{number}")


async def evaluation(output: Path, **parameters: Any) -> EvaluationManifest:
    return await evaluation_of(await evaluated(output, **{"advanced": MEASURED, **parameters}))


async def test_an_unchanged_chatbot_passes_and_its_noise_is_paid_for_once(
    output: Path, bot: OwnBot
) -> None:
    first = await evaluation(output)
    assert first.failed_gates == ()
    assert bot.calls == first.prefixes * (1 + 3)
    assert first.noise is not None
    assert first.noise.unmeasured is None
    test = first.noise.tests[Side.CANDIDATE]
    assert (test.prefixes, test.seeds) == (first.prefixes, SEEDS)
    second = await evaluation(output)
    assert second.failed_gates == ()
    assert bot.calls == first.prefixes * (1 + 3 + 1)
    similarity = first.sides[Side.CANDIDATE].scores["similarity"].mean
    assert 0.3 < similarity < 0.45, "or it is no noisy chatbot"


async def test_a_chatbot_that_is_wrong_fails_and_each_reply_says_why(
    output: Path, bot: OwnBot
) -> None:
    manifest = await evaluation(
        output, candidate="python:tests.support.paraphrasing:one_in_four_wrong"
    )
    (why,) = manifest.failed_gates
    assert "by more than its noise explains" in why
    assert "noise_level allows 0.01" in why
    found = [row for row in rows(output, manifest) if row["verdict"] == "regressed"]
    assert {tuple(row["causes"]) for row in found} == {("below the noise",)}
    assert all(row["closeness"] < row["noise_closeness"] for row in found)
    candidate = manifest.sides[Side.CANDIDATE]
    assert candidate.causes == {"below the noise": candidate.verdicts[Verdict.REGRESSED]}
    report = (folder(output, manifest) / "report.html").read_text()
    assert "Regressed: <bdi>below the noise</bdi>" in report
    assert "replies are worse than those of the version" in report


async def test_a_chatbot_that_changed_before_its_noise_was_measured_does_not_pass(
    output: Path, bot: OwnBot
) -> None:
    """It would measure its own mistakes as noise, and always pass."""
    bot.says = lambda chat_history: "Please call our office in Springfield about that."
    manifest = await evaluation(output)
    (why,) = manifest.failed_gates
    assert "does not reply as it did when it made the version" in why
    other = await evaluation(output, candidate="python:tests.support.paraphrasing:noisy")
    assert other.failed_gates == ()
    assert other.noise is not None
    assert other.noise.has_changed
    assert "Similarity is only information" in (folder(output, other) / "report.html").read_text()


async def test_without_the_versions_chatbot_similarity_is_only_information(output: Path) -> None:
    """Its module is not there."""
    candidate = "python:tests.support.paraphrasing:one_in_four_wrong"
    manifest = await evaluation(output, candidate=candidate)
    assert manifest.failed_gates == ()
    assert manifest.noise is not None
    assert manifest.noise.unmeasured is not None
    assert "the version's chatbot cannot be asked again" in manifest.noise.unmeasured
    assert "noisy_shop_bot" in manifest.noise.unmeasured


async def test_a_deployment_that_is_gone_measures_no_noise(tmp_path: Path, vellum: StandIn) -> None:
    write_one(tmp_path, chatbot="gone-bot")
    manifest = await evaluation(tmp_path, candidate="support-bot")
    assert manifest.failed_gates == ()
    assert manifest.noise is not None
    assert manifest.noise.unmeasured is not None
    assert manifest.noise.unmeasured.startswith("the version's chatbot does not reply: ")
    assert "gone-bot" in manifest.noise.unmeasured
