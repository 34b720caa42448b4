"""Versions to evaluate on, evaluations in the tests' own process, and what became of them."""

import os
import shutil
import uuid
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from prefect.client.schemas.objects import State

from duologue.evaluation.manifest import EvaluationManifest, FailedEvaluationError
from duologue.flows.evaluate_dataset import evaluate_dataset
from duologue.settings.participants import ParticipantInputs, ParticipantSettings
from duologue.validation.check import CheckedConversation
from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, checked, contents
from tests.support.commands import SOCKET
from tests.support.vellum_stand_in import bot_reply

QUICK: dict[str, Any] = {
    "reply_retries": 0,
    "noise_samples": 0,
    "replies_per_task_run": 6,
    "call": {"max_attempts": 1, "first_wait_seconds": 0.001, "longest_wait_seconds": 0.002},
}
"""Options of an evaluation whose failures are final at once, and which measures no noise.

Replies share task runs, which are most of the server's work; tests about that try both ways."""

ANYTHING_PASSES = {"max_failed_share": 1, "max_regressed_share": 1}
"""Gates."""

TURNS = 2
PREFIXES = TURNS + 1
"""Of one conversation, which ends with a USER message."""


def conversation(number: int, context: dict[str, str] | None = None) -> CheckedConversation:
    """A conversation in which the chatbot said what the stand-in's says."""
    seed_id, texts = f"s{number}", [f"Where is my order number {number}?"]
    for turn in range(1, PREFIXES):
        texts.append(bot_reply(seed_id, [{"text": text} for text in texts]))
        texts.append(f"And what about part {turn} of {number}?")
    return checked(*texts, seed_id=seed_id, context=context)


def write_one(
    output: Path | str,
    conversations: int = 4,
    version: str = VERSION,
    chatbot: str = "support-bot@production",
    inputs: ParticipantInputs = ParticipantInputs(),
    name: str = "shop",
) -> None:
    """Writes and publishes a version of conversations with the stand-in's chatbot.

    The same version as a dataset's first is written once and then copied: most tests only read it.
    """
    if isinstance(output, Path) and not (output / name).exists():
        written = _written_once(conversations, version, chatbot, inputs.model_dump_json(), name)
        shutil.copytree(written, output, dirs_exist_ok=True)
    else:
        _write(output, conversations, version, chatbot, inputs, name)


@cache
def _written_once(
    conversations: int, version: str, chatbot: str, inputs_as_json: str, name: str
) -> Path:
    output = Path(os.environ[SOCKET]).with_name(f"version-{uuid.uuid4()}")
    inputs = ParticipantInputs.model_validate_json(inputs_as_json)
    _write(output, conversations, version, chatbot, inputs, name)
    return output


def _write(
    output: Path | str,
    conversations: int,
    version: str,
    chatbot: str,
    inputs: ParticipantInputs,
    name: str,
) -> None:
    context = {"plan": "gold"} if inputs.seed_inputs else None
    made = contents(*(conversation(n, context) for n in range(1, conversations + 1)))
    reference = ParticipantSettings(reference=chatbot, **inputs.model_dump())
    made = replace(made, settings=made.settings.model_copy(update={"chatbot": reference}))
    publish_latest(write_version(DatasetFolder(str(output), name), version, made))


async def evaluated(output: Path | str, **parameters: Any) -> State[Any]:
    """Runs `evaluate_dataset` on what is in an output."""
    parameters = {"output": str(output), "advanced": QUICK, **parameters}
    state = await evaluate_dataset(**parameters, return_state=True)
    assert isinstance(state, State)
    return state


async def evaluation_of(state: State[Any]) -> EvaluationManifest:
    """The manifest that a run ended with."""
    ended_with = await state.aresult(raise_on_failure=False)
    if isinstance(ended_with, FailedEvaluationError):
        return ended_with.manifest
    assert isinstance(ended_with, EvaluationManifest), ended_with
    return ended_with


def folder(output: Path, manifest: EvaluationManifest) -> Path:
    """Where an evaluation is, unless it was sent elsewhere."""
    return output / manifest.version.dataset / "evaluations" / manifest.evaluation


def rows(output: Path, manifest: EvaluationManifest) -> list[dict[str, Any]]:
    """The rows of evaluation.parquet."""
    path = folder(output, manifest) / "evaluation.parquet"
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found
