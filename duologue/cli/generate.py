"""`duologue generate`: the main job, on this machine."""

import json
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from duologue.cli.conversations import rendered
from duologue.cli.local_run import run_locally
from duologue.cli.options import (
    CHATBOT_PANEL,
    SIMULATED_USER_PANEL,
    TUNING_PANEL,
    OutputFormat,
    participant_inputs,
)

if TYPE_CHECKING:
    from duologue.dataset.manifest import Manifest

FAILURES_SHOWN = 5
"""A file lists them all; these tell whether it is one cause or many."""


def generate(
    seeds: Annotated[
        str, typer.Argument(help="The seed messages: CSV, JSONL or Parquet; a path or a URL.")
    ],
    chatbot: Annotated[
        str,
        typer.Option(
            help="Who answers: NAME or NAME@release_tag (a Vellum Workflow Deployment), "
            "local:package.module, or python:package.module:function.",
        ),
    ] = "local:workflows.support_bot",
    simulated_user: Annotated[
        str, typer.Option(help="Who asks, spelled like the chatbot.")
    ] = "local:workflows.simulated_user",
    turns: Annotated[int, typer.Option(help="The most turns of a conversation.")] = 3,
    max_concurrency: Annotated[
        int, typer.Option(help="How many conversations are simulated at a time.")
    ] = 32,
    output: Annotated[
        str, typer.Option(help="The folder, or URL, that holds the datasets.")
    ] = "datasets",
    name: Annotated[
        str | None, typer.Option(help="The dataset's name; the seed file's if not given.")
    ] = None,
    ends_with: Annotated[
        Literal["user", "assistant"],
        typer.Option(help="Whose message closes a conversation with all its turns."),
    ] = "user",
    conversations_per_seed: Annotated[
        int, typer.Option(help="How many conversations each seed message opens.")
    ] = 1,
    output_format: Annotated[
        OutputFormat,
        typer.Option("--format", help="json: the last line of the output is one JSON object."),
    ] = OutputFormat.TEXT,
    message_column: Annotated[
        str | None, typer.Option(help="The seed file's column that holds the message.")
    ] = None,
    no_header: Annotated[
        bool, typer.Option("--no-header", help="The first row is a message, not a header.")
    ] = False,
    greeting: Annotated[
        str | None,
        typer.Option(help="What the chatbot is made to have said first, to the user alone."),
    ] = None,
    end_marker: Annotated[
        str, typer.Option(help="What the simulated user sends when it is done.")
    ] = "[END]",
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION", help="Go on with a run that was cut short, with what it finished."
        ),
    ] = None,
    reuse_unchanged: Annotated[
        bool,
        typer.Option(
            "--reuse-unchanged",
            help="Take over what earlier runs with this option made of the same seeds, "
            "participants and settings.",
        ),
    ] = False,
    chatbot_input: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="A further input, the same for every call.",
            rich_help_panel=CHATBOT_PANEL,
        ),
    ] = None,
    chatbot_input_from: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=COLUMN",
            help="A further input, from a seed column.",
            rich_help_panel=CHATBOT_PANEL,
        ),
    ] = None,
    chatbot_history_input: Annotated[
        str,
        typer.Option(help="The input that takes the history.", rich_help_panel=CHATBOT_PANEL),
    ] = "chat_history",
    chatbot_output: Annotated[
        str, typer.Option(help="The output that is the reply.", rich_help_panel=CHATBOT_PANEL)
    ] = "final-output",
    user_input: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="A further input, the same for every call.",
            rich_help_panel=SIMULATED_USER_PANEL,
        ),
    ] = None,
    user_input_from: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=COLUMN",
            help="A further input, from a seed column.",
            rich_help_panel=SIMULATED_USER_PANEL,
        ),
    ] = None,
    user_history_input: Annotated[
        str,
        typer.Option(
            help="The input that takes the history.", rich_help_panel=SIMULATED_USER_PANEL
        ),
    ] = "chat_history",
    user_output: Annotated[
        str,
        typer.Option(help="The output that is the reply.", rich_help_panel=SIMULATED_USER_PANEL),
    ] = "final-output",
    call_timeout: Annotated[
        float, typer.Option(help="Seconds for one call.", rich_help_panel=TUNING_PANEL)
    ] = 120,
    call_deadline: Annotated[
        float,
        typer.Option(
            help="Seconds for one reply, with all its calls and waits.",
            rich_help_panel=TUNING_PANEL,
        ),
    ] = 300,
    call_attempts: Annotated[
        int, typer.Option(help="Calls for one reply at most.", rich_help_panel=TUNING_PANEL)
    ] = 5,
    seed_retries: Annotated[
        int,
        typer.Option(
            help="How often a seed that failed is tried again.", rich_help_panel=TUNING_PANEL
        ),
    ] = 2,
    seed_retry_delay: Annotated[
        float,
        typer.Option(
            help="Seconds before the first of these; doubled each time.",
            rich_help_panel=TUNING_PANEL,
        ),
    ] = 30,
) -> None:
    """Simulate a conversation for every seed message and publish them as a dataset.

    Without further options the bundled chatbot and simulated user talk: no key, no server.

    Exit code 0 if every conversation is good, 1 if some failed or are invalid, 2 if nothing could
    run.
    """
    parameters = {
        "seeds": seeds,
        "chatbot": chatbot,
        "simulated_user": simulated_user,
        "turns": turns,
        "conversations_per_seed": conversations_per_seed,
        "max_concurrency": max_concurrency,
        "output": output,
        "name": name,
        "advanced": {
            "ends_with": ends_with,
            "greeting": greeting,
            "end_marker": end_marker,
            "message_column": message_column,
            "has_header": False if no_header else None,
            "chatbot_inputs": participant_inputs(
                "chatbot", chatbot_history_input, chatbot_output, chatbot_input, chatbot_input_from
            ),
            "simulated_user_inputs": participant_inputs(
                "user", user_history_input, user_output, user_input, user_input_from
            ),
            "call": {
                "timeout_seconds": call_timeout,
                "deadline_seconds": call_deadline,
                "max_attempts": call_attempts,
            },
            "seed_retries": seed_retries,
            "seed_retry_delay_seconds": seed_retry_delay,
            "reuse_unchanged": reuse_unchanged,
            "resume": resume,
        },
    }
    # With --format json standard output holds the result alone.
    console = Console(stderr=output_format is OutputFormat.JSON)
    manifest = run_locally(parameters, console)
    show_result(manifest, output, console)
    if output_format is OutputFormat.JSON:
        typer.echo(json.dumps(result(manifest, output)))
    counts = manifest.counts
    raise typer.Exit(0 if counts.valid == counts.conversations else 1)


def result(manifest: "Manifest", output: str) -> dict[str, Any]:
    """Sums a run up as plain data, the same fields as `--format json` prints."""
    from duologue.dataset.versions import version_folder

    path = version_folder(output, manifest.dataset, manifest.version, manifest.revision)
    counts = manifest.counts.model_dump()
    return {
        "dataset": manifest.dataset,
        "version": manifest.version,
        "revision": manifest.revision,
        "path": str(path),
        **counts,
        "seconds": round(manifest.seconds, 3),
    }


def show_result(manifest: "Manifest", output: str, console: Console) -> None:
    """Prints one conversation, the counts, and where the files are."""
    from duologue.dataset.formats import CONVERSATIONS_FILE
    from duologue.dataset.reading import read_conversations, read_failures
    from duologue.dataset.versions import version_folder

    path = version_folder(output, manifest.dataset, manifest.version, manifest.revision)
    conversation = next(read_conversations(path / CONVERSATIONS_FILE), None)
    if conversation is not None:
        console.print()
        console.print(rendered(conversation))
    counts = manifest.counts
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    cells = {
        "seeds": counts.seeds,
        "valid": counts.valid,
        "invalid": counts.invalid,
        "failed": counts.failed,
        "rejected": counts.rejected,
        "seconds": f"{manifest.seconds:.1f}",
    }
    for heading in cells:
        table.add_column(heading, justify="right")
    table.add_row(*map(str, cells.values()))
    console.print()
    console.print(table)
    console.print(f"\n{path}", markup=False, highlight=False, soft_wrap=True)
    for file in [*(file.name for file in manifest.files), "manifest.json"]:
        console.print(f"  {file}", markup=False, highlight=False)
    if counts.valid < counts.conversations:
        console.print(f"\n{counts.failed} failed and {counts.invalid} invalid, see failures.csv:")
        for failure in islice(read_failures(path), FAILURES_SHOWN):
            console.print(f"  {failure}", markup=False, highlight=False, soft_wrap=True)
        console.print(
            f"To simulate only these again, repeat the command with --resume {manifest.version}",
            highlight=False,
            soft_wrap=True,
        )
