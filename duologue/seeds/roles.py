"""Distinguishes a log, a row for every message of both sides, from a file of first messages."""

from collections.abc import Sequence
from itertools import product

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
FLAG_COLUMNS = {
    **dict.fromkeys(("is_user", "isuser", "from_user", "inbound", "incoming"), Role.USER),
    **dict.fromkeys(("is_bot", "isbot", "from_bot", "from_agent", "outgoing"), Role.ASSISTANT),
}
"""Columns that are true for the messages of one side."""
CONVERSATION_COLUMNS = frozenset(
    {
        *("conversation_id", "dialog_id", "dialogue_id", "session_id", "thread_id", "chat_id"),
        *("convo_id", "ticket_id", "conversation", "dialogue", "thread"),
    }
)
TURN_COLUMNS = frozenset(
    {
        *("turn", "turn_id", "turn_index", "turn_number", "message_index", "message_number"),
        *("position", "sequence", "seq", "utterance_index", "utt_idx", "step"),
    }
)
_TELLING = {*ROLE_COLUMNS, *FLAG_COLUMNS, *CONVERSATION_COLUMNS, *TURN_COLUMNS, "bot_id"}
_YES = frozenset(["true", "1", "yes", "t"])
_NO = frozenset(["false", "0", "no", "f"])


def check_no_log(rows: Sequence[Row | RejectedRow], file: str) -> None:
    """Refuses a file with a row for every message of a conversation.

    Raises:
        UsageError: it is such a log; says which columns show it.
    """
    values: dict[str, list[str | None]] = {}
    contexts = [row.context for row in rows if isinstance(row, Row)]
    names = dict.fromkeys(name for context in contexts for name in context)
    for name in names:
        if normalised(name) in _TELLING:
            values[name] = [context.get(name) for context in contexts]
    for name, found in values.items():
        if {Role.USER, Role.ASSISTANT} <= {_side(normalised(name), value) for value in found}:
            raise UsageError(
                f"{file}: holds a message of either side in each row, as column {name!r} shows, so "
                "replies would become first user messages; keep only the first user message of "
                "each conversation"
            )
    conversations = [name for name in values if normalised(name) in CONVERSATION_COLUMNS]
    turns = [name for name in values if normalised(name) in TURN_COLUMNS]
    for conversation, turn in product(conversations, turns):
        pairs = set(zip(values[conversation], values[turn], strict=True))
        if len(pairs) > len({one for one, _ in pairs}):
            raise UsageError(
                f"{file}: holds several messages of one conversation, as columns "
                f"{conversation!r} and {turn!r} show; keep only the first user message of each"
            )


def _side(name: str, value: str | None) -> Role | None:
    """Returns whose message a row's column says it is; None where it says nothing."""
    value = (value or "").strip()
    if name == "bot_id":  # Slack's rows have it only where a bot wrote
        return Role.ASSISTANT if value else Role.USER
    if side := FLAG_COLUMNS.get(name):
        other = Role.ASSISTANT if side is Role.USER else Role.USER
        plain = value.lower()
        return side if plain in _YES else other if plain in _NO else None
    if name not in ROLE_COLUMNS:
        return None
    # In corpora of dialogues the two speakers are the user and the system.
    is_system = name == "speaker" and value.lower() == "system"
    return Role.ASSISTANT if is_system else role_named(value)
