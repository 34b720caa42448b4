"""The progress bar of a run, with the conversations that are growing below it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

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

from duologue.cli.terminal import Console

if TYPE_CHECKING:
    from duologue.progress import Growing, Progress

CONVERSATIONS_SHOWN = 3
MESSAGES_SHOWN = 2
"""Messages shown of each conversation that grows in the terminal."""


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
def progress_bar(
    console: Console, watch: Callable[["Progress"], None]
) -> Iterator[Callable[[str], None]]:
    """Draws the bar of a run that calls `watch`; yields what shows a step before its first job."""
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
            yield lambda step: bar.update(shown, description=step)
        except Exception:
            bar.remove_task(shown)  # the error says all there is to say
            raise
        finally:
            watch_progress.reset(token)
