"""Running the flow in this process, with a progress bar."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as ProgressBar

if TYPE_CHECKING:
    from duologue.dataset.manifest import Manifest
    from duologue.generation import Plan
    from duologue.progress import Progress

INTERRUPTED = 130
"""The exit code of a program that Ctrl-C ended."""

PREFECT_DEFAULTS = {
    # What a person needs to know of a run is printed here. Prefect's log, which repeats it, is for
    # the UI, and the temporary server prints 150 lines of traceback when it shuts down.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    # As in prefect.toml, which Prefect finds in the repository's folder only.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
}


def run_locally(parameters: dict[str, Any], console: Console) -> "Manifest":
    """Runs `generate_dataset` here, on the Prefect server that is configured or a temporary one.

    Args:
        parameters: the flow's.
        console: where the progress bar is drawn.

    Raises:
        DuologueError: nothing could run. What can be told beforehand is, before Prefect starts.
        typer.Exit: Ctrl-C, with the exit code for it.
    """
    import asyncio

    plan = _checked(parameters, console)
    for setting, value in PREFECT_DEFAULTS.items():
        os.environ.setdefault(setting, value)
    version = ""

    def remember(progress: "Progress") -> None:
        nonlocal version
        version = progress.version

    try:
        with _progress_bar(console, remember):
            return asyncio.run(_run_flow(plan, parameters))
    except KeyboardInterrupt:
        console.print("\nStopped. What was said so far is kept.", highlight=False)
        if version:
            console.print(
                f"To go on with it, repeat the command with --resume {version}", highlight=False
            )
        raise typer.Exit(INTERRUPTED) from None


def _checked(parameters: dict[str, Any], console: Console) -> "Plan":
    """Finds what is wrong before Prefect starts, which takes seconds; the flow checks again."""
    from duologue.dataset.versions import check_writable
    from duologue.generation import plan_generation
    from duologue.seeds import read_seeds

    plan = plan_generation(**parameters)
    seed_file = read_seeds(
        plan.seeds_path,
        message_column=plan.advanced.message_column,
        has_header=plan.advanced.has_header,
    )
    check_writable(plan.output, plan.dataset)
    lines = {
        "Seeds": f"{seed_file.path}: {len(seed_file.seeds)} seeds, "
        f"{len(seed_file.rejected)} rows rejected ({seed_file.columns_note})",
        "Chatbot": plan.chatbot.spelling,
        "Simulated user": plan.simulated_user.spelling,
    }
    for label, text in lines.items():
        console.print(f"{label + ':':15} {text}", markup=False, highlight=False, soft_wrap=True)
    for row in seed_file.rejected:
        console.print(f"{'rejected:':15} {row}", markup=False, highlight=False, soft_wrap=True)
    return plan


async def _run_flow(plan: "Plan", parameters: dict[str, Any]) -> "Manifest":
    # Prefect before the Vellum SDK, which changes pydantic for all models made after it.
    from duologue.dataset.manifest import Manifest
    from duologue.errors import IncompleteDatasetError
    from duologue.participants.opening import open_participants
    from flows.generate_dataset import generate_dataset

    async with open_participants(
        plan.chatbot, plan.simulated_user, plan.advanced.call, plan.max_concurrency
    ):
        pass
    state = await generate_dataset(**parameters, return_state=True)
    ended_with = await state.aresult(raise_on_failure=False)
    if isinstance(ended_with, IncompleteDatasetError):
        return ended_with.manifest
    if isinstance(ended_with, Exception):
        raise ended_with
    assert isinstance(ended_with, Manifest)
    return ended_with


@contextmanager
def _progress_bar(console: Console, watch: Any) -> Iterator[None]:
    from duologue.progress import watch_progress

    columns = (
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with ProgressBar(*columns, console=console) as bar:
        shown = bar.add_task("starting Prefect", total=None)

        def update(progress: "Progress") -> None:
            watch(progress)
            failed = f", {progress.failed} failed" if progress.failed else ""
            bar.update(
                shown,
                description=f"simulating{failed}",
                total=progress.total,
                completed=progress.simulated + progress.failed,
            )

        token = watch_progress.set(update)
        try:
            yield
        except Exception:
            bar.remove_task(shown)  # the error says all there is to say
            raise
        finally:
            watch_progress.reset(token)
