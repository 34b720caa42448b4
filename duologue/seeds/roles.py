"""Distinguishes a log, a row for every message of both sides, from a file of first messages."""

from collections.abc import Sequence

from duologue.conversation.messages import Role
from duologue.conversation.role_names import role_named
from duologue.errors import UsageError
from duologue.seeds.columns import normalised
from duologue.seeds.row import Row
from duologue.seeds.seed import RejectedRow

ROLE_COLUMNS = frozenset(
    {
        *("role", "author", "speaker", "sender", "from", "author_role", "sender_type"),
        *("author_type", "from_role", "message_role", "sender_role", "participant"),
        *("participant_role", "speaker_role", "type", "direction", "who", "actor"),
    }
)


def check_no_log(rows: Sequence[Row | RejectedRow], file: str) -> None:
    """Refuses a file in which a column names both sides as the authors of its rows.

    Raises:
        UsageError: it is such a log; says which column shows it.
    """
    roles: dict[str, set[Role | None]] = {}
    for row in rows:
        if isinstance(row, Row):
            for name, value in row.context.items():
                if normalised(name) in ROLE_COLUMNS:
                    roles.setdefault(name, set()).add(role_named(value))
    for name, found in roles.items():
        if {Role.USER, Role.ASSISTANT} <= found:
            raise UsageError(
                f"{file}: holds a message of either side in each row, as column {name!r} shows, so "
                "replies would become first user messages; keep only the first user message of "
                "each conversation"
            )
