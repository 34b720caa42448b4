"""What several commands' options have in common."""

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

import typer

from duologue.errors import UsageError

CHATBOT_PANEL = "Chatbot: what its Workflow is given and asked for"
SIMULATED_USER_PANEL = "Simulated user: what its Workflow is given and asked for"
RULES_PANEL = "Validation rules"
COST_PANEL = "Cost and budget"
TUNING_PANEL = "Deadlines and retries"
TEST_SUITE_PANEL = "Vellum Test Suite: where a published version is pushed to"
PUBLICATION_PANEL = "Publication and retention"


Output = Annotated[str, typer.Option(help="The folder, or URL, that holds the datasets.")]
Name = Annotated[str | None, typer.Option(help="The dataset's name, where there are several.")]
VersionOrFolder = Annotated[
    str, typer.Argument(help="A version, `latest`, or the folder of a version or a dataset.")
]


CallTimeout = Annotated[
    float, typer.Option(help="Seconds for one call.", rich_help_panel=TUNING_PANEL)
]
CallDeadline = Annotated[
    float,
    typer.Option(
        help="Seconds for one reply, with all its calls and waits.", rich_help_panel=TUNING_PANEL
    ),
]
CallAttempts = Annotated[
    int, typer.Option(help="Calls for one reply at most.", rich_help_panel=TUNING_PANEL)
]


class OutputFormat(StrEnum):
    """How a command tells its result."""

    TEXT = "text"
    JSON = "json"


def participant_inputs(
    participant: str,
    history_input: str,
    output: str,
    static_inputs: Iterable[str] | None,
    seed_inputs: Iterable[str] | None,
) -> dict[str, Any]:
    """Collects one participant's options.

    Args:
        participant: how its options begin, as in `--chatbot-input`.
        history_input: the Workflow's input variable for the chat history.
        output: the Workflow's output that is the reply.
        static_inputs: `NAME=VALUE`; a VALUE that is JSON other than a string is taken as such.
        seed_inputs: `NAME=COLUMN`.

    Raises:
        UsageError: one of the pairs has no name or no `=`.
    """
    static = dict(pair(f"--{participant}-input", text) for text in static_inputs or ())
    return {
        "history_input": history_input,
        "output": output,
        "static_inputs": {name: _value(text) for name, text in static.items()},
        "seed_inputs": dict(
            pair(f"--{participant}-input-from", text) for text in seed_inputs or ()
        ),
    }


def severities(option: str, given: Iterable[str] | None) -> dict[str, str]:
    """Collects what an option such as `--dataset-rule` says of rules: `NAME=SEVERITY`.

    Raises:
        UsageError: one of the pairs has no name or no `=`.
    """
    return dict(pair(option, text) for text in given or ())


def pair(option: str, text: str) -> tuple[str, str]:
    """Splits `NAME=VALUE`, as an option takes it.

    Raises:
        UsageError: it has no name or no `=`.
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"{option} {text!r}: expected NAME=VALUE")
    return name, value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
