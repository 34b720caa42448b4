"""Where in a record the messages are, and what the conversation is called."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from duologue.conversation.messages import EndReason
from duologue.seeds.columns import listed, normalised
from duologue.validation.rule import Expectations
from duologue.validation.transcripts.flattened import unflattened
from duologue.validation.transcripts.labelled import labelled_messages
from duologue.validation.transcripts.names import (
    DOMAIN_FIELDS,
    ID_FIELDS,
    MESSAGE_FIELDS,
    OWN_FIELDS,
    TranscriptNames,
    UnclearConversationError,
    kind_of,
)
from duologue.validation.transcripts.notation import parsed
from duologue.validation.transcripts.replies import (
    EXCHANGES,
    REPLY_FIELDS,
    exchange,
    has_only_a_reply,
    with_reply,
)
from duologue.validation.transcripts.speakers import is_one_message, looks_like_messages

DEEPEST = 4
PAIRS = (
    *(("prompt", "completion"), ("prompt", "response"), ("input", "output")),
    *(("inputs", "outputs"), ("input_messages", "output_messages")),
)
"""Fields that hold one conversation in two lists."""

_AN_OPTION = "name the field that has them with --messages-column"


def conversations_in(
    value: Any, names: TranscriptNames, by_id: bool, depth: int = 0
) -> Iterator[tuple[str, Any]]:
    """Yields the conversations in a JSON value: itself, its elements, or a list deeper inside.

    Args:
        value: the JSON value.
        names: what the file calls its parts.
        by_id: whether an object may hold several conversations under their ids.
        depth: how deep the value is within the file's.

    Yields:
        Where each is within the value, empty for itself; and the conversation, or what stands in
        its place and is not one.
    """
    if isinstance(value, list) and not looks_like_messages(value, names):
        for number, element in enumerate(value, 1):
            inner = list(conversations_in(element, names, by_id, depth + 1)) if depth < 2 else []
            if len(inner) > 1:
                yield from ((f".{number}{place}", record) for place, record in inner)
            else:
                yield f".{number}", element
        return
    if by_id and isinstance(value, Mapping) and (named := _by_id(value, names)):
        yield from named
        return
    is_envelope = isinstance(value, Mapping) and not _holds_messages(value, names)
    if is_envelope and depth < DEEPEST and (records := _records_in(value, names)) is not None:
        yield from conversations_in(records, names, by_id, depth + 1)
        return
    yield "", value


def fields_of(record: Any) -> Mapping[str, Any]:
    """Returns a record's fields; a list of messages alone is the field `messages`.

    Raises:
        ValueError: it is neither.
    """
    value = parsed(record) if isinstance(record, str) else record
    if isinstance(value, list):
        return {MESSAGE_FIELDS[0]: value}
    if isinstance(value, Mapping):
        return value
    raise ValueError(f"is {kind_of(value)}; expected an object with {_expected()}")


def messages_of(fields: Mapping[str, Any], names: TranscriptNames, depth: int = 0) -> list[Any]:
    """Returns the list of messages of one conversation.

    Raises:
        ValueError: there is none, or more than one that may be meant.
    """
    known = [name for name in names.message_fields(fields) if fields[name] not in (None, "")]
    if names.messages_field is not None and not known:
        raise ValueError(
            f"{names.messages_field} is missing; the fields are {listed([*map(str, fields)])}"
        )
    for name in known:
        found = _as_list(fields[name], names, depth)
        if found is not None and not _holds_records(found, names, depth):
            return with_reply(found, fields, name)
    if (paired := _paired(fields, names, depth)) is not None:
        return paired
    if isinstance(fields.get("mapping"), Mapping):
        return _thread(fields)
    if is_one_message(fields):
        raise ValueError(
            "is one message and not a conversation; expected all messages of a conversation in one "
            f"list, in {_expected()}"
        )
    candidates = [str(name) for name, v in fields.items() if looks_like_messages(v, names)]
    others = [name for name in candidates if name != "choices"]
    if len(others) > 1:
        raise UnclearConversationError(f"may have its messages in {listed(others)}; {_AN_OPTION}")
    if others:
        return with_reply(fields[others[0]], fields, others[0])
    within = {str(name): _as_object(value) for name, value in fields.items()}
    inside = [name for name, v in within.items() if _is_within(v, names, depth)]
    inside = [name for name in inside if name not in REPLY_FIELDS] or inside
    if len(inside) == 1:
        return with_reply(messages_of(within[inside[0]], names, depth + 1), fields, inside[0])
    if not known and (texts := exchange(fields)) is not None:
        return texts
    if (tree := unflattened(fields)) is not fields:
        return messages_of(tree, names, depth)
    raise ValueError(_no_messages(fields, known))


def _paired(fields: Mapping[str, Any], names: TranscriptNames, depth: int) -> list[Any] | None:
    """Joins what was sent and what came back, where at least one of the two is a list."""
    for pair in PAIRS:
        sides = [_side(fields.get(name), names, depth) for name in pair]
        if not all(sides) or all(isinstance(side, str) for side in sides):
            continue
        return [*_messages_in(sides[0], "user"), *_messages_in(sides[1], "assistant")]
    return None


def _messages_in(side: list[Any] | str | None, role: str) -> list[Any]:
    return [{"role": role, "content": side}] if isinstance(side, str) else side or []


def _side(value: Any, names: TranscriptNames, depth: int) -> list[Any] | str | None:
    """Returns a list of messages, or the text that stands in its place."""
    try:
        found = _as_list(value, names, depth)
    except ValueError:
        return value if isinstance(value, str) else None
    return found if looks_like_messages(found, names) else None


def id_of(fields: Mapping[str, Any]) -> str | None:
    """Returns the name that a record gives its conversation, if it gives one."""
    return _named(fields, ID_FIELDS)


def domain_of(fields: Mapping[str, Any]) -> str | None:
    """Returns what a record says its conversation is about, if it does."""
    return _named(fields, DOMAIN_FIELDS)


def _named(fields: Mapping[str, Any], names: Sequence[str]) -> str | None:
    plain = {normalised(str(name)): value for name, value in reversed(list(fields.items()))}
    values = (plain.get(field) for field in names)
    named = (str(v) for v in values if isinstance(v, str | int) and not isinstance(v, bool))
    return next((name for name in named if name and not _has_half_a_pair(name)), None)


def expectations_of(fields: Mapping[str, Any]) -> Expectations:
    """Returns what is known of a conversation that Duologue made."""
    seed_message, end_reason = (fields.get(field) for field in OWN_FIELDS)
    if isinstance(seed_message, str) and end_reason in list(EndReason):
        return Expectations(seed_message=seed_message, end_reason=EndReason(str(end_reason)))
    return Expectations()


def _as_list(value: Any, names: TranscriptNames, depth: int) -> list[Any] | None:
    """Returns a field's list of messages; None where it holds something else."""
    if isinstance(value, str):
        if (said := labelled_messages(value, names)) is not None:
            return said
        value = parsed(value)
    if isinstance(value, list | tuple):
        if said := _from_turns(value, names):
            return said
        # LangChain's traces have a list for each prompt of a batch.
        is_batch = len(value) == 1 and looks_like_messages(value[0], names)
        return list(value[0] if is_batch else value)
    if isinstance(value, Mapping):
        if columns := _from_columns(value):
            return columns
        if _is_within(value, names, depth):
            return messages_of(value, names, depth + 1)
    return None


def _as_object(value: Any) -> Any:
    """Returns a value, parsed where it is the JSON text of an object, as in logged calls."""
    if not isinstance(value, str) or not value.startswith("{"):
        return value
    try:
        return parsed(value)
    except ValueError:
        return value


def _from_turns(value: Any, names: TranscriptNames) -> list[Any]:
    """Turns `[["user", "Hi"], …]` and `[{"user": "Hi", "bot": "Hello"}, …]` into messages."""
    if not value:
        return []
    said: list[Any] = []
    for turn in value:
        pairs = [turn] if isinstance(turn, list | tuple) else _spoken_in(turn, names)
        for pair in pairs:
            if len(pair) != 2 or not all(isinstance(part, str) for part in pair):
                return []
            if names.role(pair[0]) is None:
                return []
            said.append({"role": pair[0], "content": pair[1]})
        if not pairs:
            return []
    return said


def _spoken_in(turn: Any, names: TranscriptNames) -> list[tuple[str, Any]]:
    """Returns who said what in a turn that is no message; both sides, or the only field."""
    if not isinstance(turn, Mapping) or is_one_message(turn):
        return []
    said = [(str(name), text) for name, text in turn.items() if names.role(str(name))]
    if len(said) == 2 or len(said) == len(turn) == 1:
        return said
    for asked, answer in EXCHANGES:
        if isinstance(turn.get(asked), str) and isinstance(turn.get(answer), str):
            return [("user", turn[asked]), ("assistant", turn[answer])]
    return []


def _from_columns(value: Mapping[str, Any]) -> list[Any] | None:
    """Turns `{"role": [...], "content": [...]}`, as Hugging Face stores lists, into messages."""
    lists = {str(name): v for name, v in value.items() if isinstance(v, list)}
    lengths = {len(v) for v in lists.values()}
    if len(lists) < 2 or len(lengths) != 1 or not {"role", "from"} & lists.keys():
        return None
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _holds_messages(fields: Mapping[str, Any], names: TranscriptNames) -> bool:
    """Checks whether a record is a conversation, or was meant as one."""
    for name in names.message_fields(fields):
        if not _holds_records(fields[name], names, 0):
            return True
    try:
        messages_of(fields, names)
    except UnclearConversationError:
        return True
    except (ValueError, RecursionError):
        return False
    return not names.message_fields(fields)


def _by_id(value: Mapping[str, Any], names: TranscriptNames) -> list[tuple[str, Any]]:
    """Returns the conversations of an object that has them under their ids."""
    records: list[tuple[str, Any]] = []
    plain = {str(key).rpartition(".")[2] for key in value}
    is_a_call = bool(plain & {*REPLY_FIELDS}) or any({*pair} <= plain for pair in PAIRS)
    if names.message_fields(value) or is_a_call:
        return records
    for key, element in value.items():
        if looks_like_messages(element, names):
            records.append((f".{key}", {"id": str(key), MESSAGE_FIELDS[0]: element}))
        elif isinstance(element, Mapping) and _is_within(element, names, DEEPEST - 1):
            records.append((f".{key}", {"id": str(key), **element}))
        else:
            return []
    return records if len(records) > 1 else []


def _records_in(value: Mapping[str, Any], names: TranscriptNames) -> Any | None:
    """Returns the one list of conversations in an envelope; None if there is none, or several."""
    found = [
        v
        for v in value.values()
        if (isinstance(v, list) and any(_is_record(element, names) for element in v[:3]))
        or (isinstance(v, Mapping) and _records_in(v, names) is not None)
    ]
    return found[0] if len(found) == 1 else None


def _is_record(element: Any, names: TranscriptNames) -> bool:
    if looks_like_messages(element, names):
        return True
    return isinstance(element, Mapping) and _is_within(element, names, DEEPEST - 2)


def _is_within(value: Any, names: TranscriptNames, depth: int) -> bool:
    if depth >= DEEPEST or not isinstance(value, Mapping):
        return False
    try:
        messages_of(value, names, depth + 1)
    except (ValueError, RecursionError):
        return False
    return True


def _holds_records(value: Any, names: TranscriptNames, depth: int) -> bool:
    """Checks whether a list has conversations in it, instead of messages."""
    if not isinstance(value, list) or looks_like_messages(value, names):
        return False
    if _from_turns(value, names):
        return False
    return any(_is_within(element, names, max(depth, DEEPEST - 2)) for element in value[:3])


def _thread(fields: Mapping[str, Any]) -> list[Any]:
    """Returns the messages of ChatGPT's export, a tree, along the branch that was shown last."""
    nodes = {key: node for key, node in fields["mapping"].items() if isinstance(node, Mapping)}
    node = nodes.get(str(fields.get("current_node")))
    if node is None:
        node = next((n for n in nodes.values() if not n.get("parent")), None)
        while node is not None and node.get("children"):
            following = nodes.get(str(node["children"][-1]))
            if following is None or following is node:
                break
            node = following
    thread: list[Any] = []
    while node is not None and len(thread) <= len(nodes):
        thread.append(node.get("message"))
        node = nodes.get(str(node.get("parent")))
    return [message for message in reversed(thread) if isinstance(message, Mapping)]


def _no_messages(fields: Mapping[str, Any], known: list[str]) -> str:
    if has_only_a_reply(fields):
        return (
            "holds a reply without the messages before it; join it with what was sent, as "
            "messages or chat_history"
        )
    if known:
        return f"{known[0]} is {kind_of(fields[known[0]])}; expected a list of messages"
    empty = [name for name in fields if normalised(str(name)) in MESSAGE_FIELDS]
    if empty:
        return f"{empty[0]} is missing; expected a list of messages"
    return (
        f"has no list of messages in {_expected()} or another field; its fields are "
        f"{listed([*map(str, fields)])}; {_AN_OPTION}"
    )


def _expected() -> str:
    return " or ".join(MESSAGE_FIELDS[:2])


def _has_half_a_pair(text: str) -> bool:
    """Checks for half of a surrogate pair: JSON can spell it, no file can hold it."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)
