"""Running a flow in this process, with a progress bar."""

import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from rich.console import RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as ProgressBar
from rich.text import Text

from duologue.cli.temporary_server import temporary_server
from duologue.cli.terminal import Console
from duologue.errors import UnsatisfactoryRunError
from duologue.interruption import (
    asyncio_takes_ctrl_c,
    ends_at_once,
    exit_code,
    was_interrupted,
    with_sigterm_as_ctrl_c,
)

if TYPE_CHECKING:
    from duologue.progress import Growing, Progress
    from duologue.settings.participants import ParticipantSettings

LEAST_RETRIES = 5
"""How often at least Prefect repeats a request; its own default."""

CONVERSATIONS_SHOWN = 3
MESSAGES_SHOWN = 2
"""Messages shown of each conversation that grows in the terminal."""

Flow = TypeVar("Flow", bound=Callable[..., Any])

PREFECT_DEFAULTS = {
    # What a person needs to know of a run is printed here. Prefect's log, which repeats it, is for
    # the UI, and the temporary server prints 150 lines of traceback when it shuts down.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    # As in prefect.toml, which Prefect finds in the repository's folder only.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "600",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",  # else Prefect prints a notice of several lines in the first run
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
}


def run_locally(
    load_flow: Callable[[], Callable[..., Any]],
    parameters: dict[str, Any],
    participants: Sequence["ParticipantSettings"],
    console: Console,
    how_to_go_on: Callable[[str], str],
) -> tuple[Any, str | None]:
    """Runs a flow here, on the Prefect server that is configured or a temporary one.

    Args:
        load_flow: imports the flow, which takes a second; called once the bar is there.
        parameters: the flow's, checked already.
        participants: of the run; they are tried while Prefect starts, which takes longer.
        console: where the progress bar is drawn.
        how_to_go_on: says what to do after Ctrl-C, given the version or evaluation that was being
            made.

    Returns:
        The manifest that the flow ended with, and its state's message.

    Raises:
        DuologueError: nothing could run.
        typer.Exit: Ctrl-C or SIGTERM, with the exit code for it.
    """
    import asyncio

    for setting, value in PREFECT_DEFAULTS.items():
        os.environ.setdefault(setting, value)
    version = ""

    def remember(progress: "Progress") -> None:
        nonlocal version
        version = progress.name

    try:
        with asyncio_takes_ctrl_c(), _progress_bar(console, remember):
            return asyncio.run(_run_flow(load_flow, parameters, participants))
    except BaseException as error:
        if not _is_interruption(error):
            raise
        if not version:
            console.print("\nStopped before anything was simulated.", highlight=False)
        else:
            console.print("\nStopped. What was said so far is kept.", highlight=False)
            console.print(how_to_go_on(version), highlight=False, soft_wrap=True)
        raise typer.Exit(exit_code()) from None


def _is_interruption(error: BaseException) -> bool:
    """Checks for Ctrl-C, and for what Prefect makes of SIGTERM as a flow starts or ends."""
    if was_interrupted() or isinstance(error, KeyboardInterrupt):
        return True
    from prefect.exceptions import TerminationSignal

    return isinstance(error, TerminationSignal)


async def _run_flow(
    load_flow: Callable[[], Any],
    parameters: dict[str, Any],
    participants: Sequence["ParticipantSettings"],
) -> tuple[Any, str | None]:
    async with flow_ready(load_flow, participants) as flow:
        from prefect.settings import (
            PREFECT_CLIENT_MAX_RETRIES,
            PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK,
            temporary_settings,
        )

        # Prefect's default retries are for deployments: here a person sees the result, and
        # decides.
        once = flow.with_options(retries=0)
        once.fn = with_sigterm_as_ctrl_c(once.fn)
        settings = {
            # Nothing is stored there, but Prefect would load the block, which may be gone.
            PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK: None,
            # A busy server refuses a request now and then, which must not cost the run.
            PREFECT_CLIENT_MAX_RETRIES: max(PREFECT_CLIENT_MAX_RETRIES.value(), LEAST_RETRIES),
        }
        with temporary_settings(settings):
            state = await once(**parameters, return_state=True)
            ended_with = await state.aresult(raise_on_failure=False)
    if isinstance(ended_with, UnsatisfactoryRunError):
        return ended_with.manifest, state.message
    if isinstance(ended_with, Exception):
        raise ended_with
    return ended_with, state.message


@asynccontextmanager
async def flow_ready(
    load_flow: Callable[[], Flow], participants: Sequence["ParticipantSettings"]
) -> AsyncIterator[Flow]:
    """Prepares everything that a flow needs, so that it starts immediately.

    Most of it is done while a temporary Prefect server starts, which takes longer.

    Args:
        load_flow: imports the flow.
        participants: of the run, which are tried.

    Yields:
        The flow.

    Raises:
        UsageError: a participant's reference is unusable, the API key is missing, or the
            server does not start.
    """
    with ExitStack() as stack:
        with ends_at_once():
            wait_until_ready = stack.enter_context(temporary_server())
            # Prefect before the Vellum SDK, which changes pydantic for all models made after it.
            flow = load_flow()
            import fastapi.encoders  # noqa: F401  # Prefect imports it as a flow begins

            from duologue.participants.opening import open_participants
            from duologue.settings.participants import CallSettings

            async with open_participants(participants, CallSettings(), max_concurrency=1):
                pass
            wait_until_ready()
        gc.freeze()  # all this stays: looking through it for garbage takes 0.2 s each time
        yield flow


class _LiveBar(ProgressBar):
    """A progress bar with the conversations that are growing below it."""

    growing: "Mapping[str, Growing]" = {}

    def get_renderables(self) -> Iterator[RenderableType]:
        """Yields the bar, and then the first conversations in flight with their last messages."""
        yield from super().get_renderables()
        if self.growing and self.console.is_terminal:
            for name, conversation in list(self.growing.items())[:CONVERSATIONS_SHOWN]:
                yield _last_messages(name, conversation.messages)


def _last_messages(name: str, messages: "Sequence[Any]") -> Text:
    lines = [Text(f"\n{name}, message {len(messages)}", "bold")]
    for message in messages[-MESSAGES_SHOWN:]:
        lines.append(Text(f" {message.role.value:10} ", "dim"))
        lines[-1].append(" ".join(message.text.split()), "none")
    return Text("\n", no_wrap=True, overflow="ellipsis").join(lines)


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
    with _LiveBar(*columns, console=console, disable=not console.shows_progress) as bar:
        shown = bar.add_task("starting Prefect", total=None)

        def update(progress: "Progress") -> None:
            watch(progress)
            bar.growing = progress.growing
            failed = f", {progress.failed} failed" if progress.failed else ""
            bar.update(
                shown,
                description=f"{progress.doing}{failed}",
                total=progress.total,
                completed=progress.succeeded + progress.failed,
            )

        token = watch_progress.set(update)
        try:
            yield
        except Exception:
            bar.remove_task(shown)  # the error says all there is to say
            raise
        finally:
            watch_progress.reset(token)
