"""A conversation as one reads it in a terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from duologue.cli.terminal import counted
from duologue.conversation.content import shown_text

if TYPE_CHECKING:
    from duologue.conversation.messages import Conversation
    from duologue.validation.verdict import Verdict

STYLES = {"USER": "bold cyan", "ASSISTANT": "bold green"}


def rendered(conversation: "Conversation", verdicts: Sequence["Verdict"] = ()) -> RenderableType:
    """Lays out a conversation: who says what, how it ended, and what judges say of it."""
    turns = counted(conversation.turn_count, "turn")
    title = Text.assemble(
        (conversation.conversation_id, "bold"), (f"  {turns}, {conversation.end_reason}", "dim")
    )
    table = Table(show_header=False, box=None, padding=(0, 1, 0, 1))
    table.add_column(no_wrap=True)
    table.add_column()
    for message in conversation.messages:
        table.add_row(Text(message.role, style=STYLES[message.role]), Text(shown_text(message)))
    return Group(title, table, *map(_line, verdicts))


def _line(verdict: "Verdict") -> Text:
    score = "" if verdict.score is None else f" ({verdict.score:.2f})"
    message = "" if verdict.message is None else f", message {verdict.message}"
    return Text.assemble(
        ("  passed " if verdict.passed else "  failed ", "green" if verdict.passed else "bold red"),
        f"{verdict.criterion}{score}, says {verdict.judge}{message}: {verdict.reason}",
    )
