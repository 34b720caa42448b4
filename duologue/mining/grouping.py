"""Groups executions into conversations.

A stateless chatbot receives the whole conversation each time, so an execution continues the one
whose messages, reply included, its own history starts with. A stateful chatbot's executions are
linked by spans. Either way conversations are trees: a turn that was repeated, or a message that was
edited, is a branch, and the longest branch is the conversation.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2b

from rapidfuzz import fuzz

from duologue.conversation.messages import Message, Role
from duologue.mining.executions import Execution
from duologue.traffic.candidates import RealConversation

SHORTEST_GAP_PREFIX = 3
"""Messages that must be equal to bridge an execution that is missing. An opening and its reply may
be equal by chance."""
ALIKE = 50
"""From 0 to 100: how similar a reply must be to its version in a later history."""
REPEATED_WITHIN = timedelta(minutes=30)
"""After this time, the same message is from somebody else and no repetition of a failed one."""

_Key = bytes


@dataclass(slots=True)
class _Node:
    """An execution with its place in a conversation."""

    execution: Execution
    history: tuple[Message, ...]
    parent: "_Node | None" = None
    children: list["_Node"] = field(default_factory=list)
    root: "_Node | None" = None

    @property
    def messages(self) -> tuple[Message, ...]:
        return self.history + self.execution.reply

    def join(self, parent: "_Node | None") -> None:
        self.parent = parent
        self.root = self if parent is None else parent.root
        if parent is not None:
            parent.children.append(self)


def group(executions: Iterable[Execution]) -> list[RealConversation]:
    """Groups executions into conversations, those of Duologue left out.

    Args:
        executions: in any order. Those that are not readable, or synthetic, are ignored, as are
            repetitions of an id.

    Returns:
        The conversations, in the order of their first executions.
    """
    distinct = {one.id: one for one in executions if one.is_readable and not one.is_synthetic}
    nodes: dict[str, _Node] = {}
    latest: dict[str, _Node] = {}
    tails = _Tails()
    by_links = {name for one in distinct.values() for name in (one.previous, one.root)}
    for execution in sorted(distinct.values(), key=lambda one: (one.started_at, one.id)):
        linked = nodes.get(execution.previous or "") or latest.get(execution.root or "")
        node = _Node(execution, _history(execution, linked))
        node.join(linked if linked or execution.history is None else tails.parent_of(node))
        nodes[execution.id] = latest[execution.root or execution.id] = node
        if not linked and execution.id not in by_links:
            tails.add(node)
    families: dict[str, list[_Node]] = defaultdict(list)
    for node in nodes.values():
        assert node.root is not None
        families[node.root.execution.id].append(node)
    return [one for family in families.values() if (one := _conversation(family)) is not None]


def _history(execution: Execution, linked: _Node | None) -> tuple[Message, ...]:
    if execution.history is not None:
        return execution.history
    before = () if linked is None else linked.messages
    return (*before, Message(role=Role.USER, text=execution.message or ""))


class _Tails:
    """Where conversations stand, by the messages so far."""

    def __init__(self) -> None:
        self._after: dict[_Key, list[_Node]] = defaultdict(list)
        """By all messages, reply included."""
        self._asked: dict[_Key, list[_Node]] = defaultdict(list)
        """By the history that was sent."""

    def add(self, node: _Node) -> None:
        self._asked[_keys(node.history)[-1]].append(node)
        self._after[_keys(node.messages)[-1]].append(node)

    def parent_of(self, node: _Node) -> _Node | None:
        """Finds the execution that this one continues, repeats or branches off; None if new."""
        keys, before = _keys(node.history), _last_reply_end(node.history)
        there = self._after[keys[before]] if before else []
        if found := _closest(filter(_is_open, there), node):
            return found
        if found := self._failed(keys[before + 1 :], node):
            return found
        # If no conversation stands there any more, this is a repetition or an edit of one that did.
        return _closest(there, node) or (before and self._changed(keys, before, node)) or None

    def _failed(self, keys: Sequence[_Key], node: _Node) -> _Node | None:
        """Finds an execution shortly before that failed, and was not repeated yet."""
        started = node.execution.started_at
        return next(
            (
                one
                for key in reversed(keys)
                for one in reversed(self._asked[key])
                if not one.execution.reply
                and not one.children
                and started - one.execution.started_at < REPEATED_WITHIN
            ),
            None,
        )

    def _changed(self, keys: Sequence[_Key], before: int, node: _Node) -> _Node | None:
        """Finds where the reply came back in other words, or where an execution is missing."""
        start = before
        while start and node.history[start - 1].role is Role.ASSISTANT:
            start -= 1
        said = _text(node.history[start:before])
        alike = {
            one.execution.id: fuzz.ratio(_text(one.execution.reply), said)
            for one in filter(_is_open, self._asked[keys[start]])
        }
        best = max(alike, key=lambda id_: alike[id_], default="")
        for one in self._asked[keys[start]]:
            if one.execution.id == best and (alike[best] >= ALIKE or not one.execution.reply):
                return one
        lengths = range(before - 1, SHORTEST_GAP_PREFIX - 1, -1)
        found = (_closest(filter(_is_open, self._after[keys[n]]), node) for n in lengths)
        return next(filter(None, found), None)


def _is_open(node: _Node) -> bool:
    """Checks whether no execution that succeeded continues this one."""
    return not any(child.execution.reply for child in node.children)


def _text(messages: Iterable[Message]) -> str:
    return "\n".join(message.text for message in messages)


def _closest(nodes: Iterable[_Node], node: _Node) -> _Node | None:
    """Chooses among conversations with equal text: by the session, then the nearest in time."""
    session = node.execution.session
    possible = [
        one for one in nodes if None in (session, s := one.execution.session) or s == session
    ]
    return max(
        possible,
        key=lambda one: (one.execution.session == session, one.execution.started_at),
        default=None,
    )


def _last_reply_end(history: Sequence[Message]) -> int:
    """Returns how many messages there are up to the last ASSISTANT message; 0 if there is none."""
    return max((i for i, one in enumerate(history, 1) if one.role is Role.ASSISTANT), default=0)


def _keys(messages: Sequence[Message]) -> list[_Key]:
    """Returns a key for each prefix, from none of the messages to all; blanks do not count."""
    keys = [b""]
    for message in messages:
        said = f"{message.role}\0{' '.join(message.text.split())}\0{message.content or ''}"
        keys.append(blake2b(keys[-1] + said.encode("utf-8", "replace"), digest_size=16).digest())
    return keys


def _conversation(family: Sequence[_Node]) -> RealConversation | None:
    """Takes the longest branch, the latest of several."""
    longest = max(family, key=lambda one: (len(one.messages), one.execution.started_at))
    messages = tuple(_from_first_user(longest.messages))
    if not messages:
        return None
    return RealConversation(
        id=family[0].execution.id,
        messages=messages,
        source_ids=tuple(node.execution.id for node in family),
        is_bad=any(node.execution.is_bad for node in family),
        names=tuple(dict.fromkeys(name for node in family for name in node.execution.names)),
    )


def _from_first_user(messages: Iterable[Message]) -> Iterator[Message]:
    started = False
    for message in messages:
        started |= message.role is Role.USER
        if started:
            yield message
