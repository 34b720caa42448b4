"""What an evaluation's page shows of its replies: the greatest changes first, side by side."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from duologue.conversation.messages import Message
from duologue.evaluation.replies import FailedReply, Prefix, ScoredReply, Side, Verdict
from duologue.evaluation.scorers import SIMILARITY
from duologue.report.blocks import CHARACTERS_IN_ENTRY, MOST_CHARACTERS, cut
from duologue.report.differences import Part, differences
from duologue.report.rendering import page_environment, spoken
from duologue.storage.text import encoded

MOST_COMPARISONS = 500
"""They take hours to read, and a browser lays out no more at once."""

MOST_BYTES = 9_000_000
"""Of all comparisons, so that the page stays below 10 MB."""

MOST_EARLIER_MESSAGES = 50
"""Of the chat history before the USER message that is replied to, the latest."""

_WORST_FIRST = list(Verdict)

# What says the same is of the least interest.
_ORDER = (
    Verdict.FAILED,
    Verdict.REGRESSED,
    Verdict.CHANGED,
    Verdict.WITHOUT_REFERENCE,
    Verdict.SAME,
)


_WAYS = ("worse", "better")

RepliesBySide = Mapping[Side, ScoredReply]
"""To one prefix: the candidate's, and the baseline's where there is one."""


@dataclass(frozen=True, slots=True)
class Group:
    """The candidate's replies with the same verdict."""

    verdict: Verdict
    count: int
    """All there are, also those that are not shown."""
    shown: Sequence[Markup]


@dataclass(frozen=True, slots=True)
class _Text:
    """A message's text as it is shown."""

    parts: Sequence[Part]
    characters: int
    """Of the whole message; it is cut where these are more than MOST_CHARACTERS."""


@dataclass(frozen=True, slots=True)
class _ShownReply:
    scored: ScoredReply
    text: _Text | None
    """None where there is no reply."""
    facts: Sequence[str]
    """How long it took and how it was scored, if known."""


def comparison_groups(compared: Iterable[RepliesBySide]) -> list[Group]:
    """Renders the comparisons that fit on a page, by the candidate's verdict, worst first.

    Of each verdict the least similar to the reference reply come first, and those that cannot be
    compared last; beyond that they stay in order.
    """
    ordered = sorted(compared, key=_greatest_change_first)
    counts = Counter(replies[Side.CANDIDATE].verdict for replies in ordered)
    shown = {
        verdict: [markup for _, markup in of_verdict]
        for verdict, of_verdict in groupby(_fitting(ordered), key=lambda pair: pair[0])
    }
    return [
        Group(verdict, counts[verdict], shown.get(verdict, []))
        for verdict in _ORDER
        if counts[verdict]
    ]


def kinds_of_replies(
    groups: Iterable[Group], changes: Mapping[str | None, int], has_baseline: bool
) -> list[tuple[str, str, int]]:
    """Lists what the page filters by: the value, its name, the count.

    Args:
        groups: the candidate's replies by verdict.
        changes: the number of replies that are `worse` and `better` than the baseline's.
        has_baseline: whether there is one.
    """
    counts = {group.verdict: group.count for group in groups}
    kinds = [
        ("", "all", sum(counts.values())),
        *((verdict.value, spoken(verdict), counts.get(verdict, 0)) for verdict in _ORDER),
    ]
    if has_baseline:
        kinds += [(way, f"{way} than the baseline", changes.get(way, 0)) for way in _WAYS]
    return kinds


def by_prefix(scored: Iterable[ScoredReply]) -> list[RepliesBySide]:
    """Puts the replies to the same prefix together."""
    replies: dict[str, dict[Side, ScoredReply]] = {}
    for reply in scored:
        replies.setdefault(reply.prefix.next_turn_id, {})[reply.side] = reply
    return list(replies.values())


def against_baseline(replies: RepliesBySide) -> str | None:
    """Compares the candidate's verdict with the baseline's: `better`, `worse`, or None."""
    if Side.BASELINE not in replies:
        return None
    candidate, baseline = (
        _WORST_FIRST.index(replies[side].verdict) for side in (Side.CANDIDATE, Side.BASELINE)
    )
    if candidate == baseline:
        return None
    return "worse" if candidate < baseline else "better"


def _greatest_change_first(replies: RepliesBySide) -> tuple[int, float]:
    candidate = replies[Side.CANDIDATE]
    similarity = candidate.scores.get(SIMILARITY)
    return _ORDER.index(candidate.verdict), float("inf") if similarity is None else similarity


def _fitting(compared: Sequence[RepliesBySide]) -> Iterator[tuple[Verdict, Markup]]:
    """Renders comparisons until the page is full."""
    template = page_environment().get_template("comparison.html.jinja")
    size = 0
    for replies in compared[:MOST_COMPARISONS]:
        candidate = replies[Side.CANDIDATE]
        reference, shown = _side_by_side(candidate.prefix, replies)
        markup = template.render(
            prefix=candidate.prefix,
            asked=_plain(candidate.prefix.chat_history[-1]),
            earlier=[
                (message, _plain(message))
                for message in candidate.prefix.chat_history[:-1][-MOST_EARLIER_MESSAGES:]
            ],
            against_baseline=against_baseline(replies),
            verdict=candidate.verdict,
            why=_why(candidate),
            start=cut(candidate.prefix.chat_history[-1].text, CHARACTERS_IN_ENTRY),
            is_open=candidate.verdict is not Verdict.SAME,
            reference=reference,
            replies=shown,
            most_characters=MOST_CHARACTERS,
        )
        size += len(encoded(markup))
        if size > MOST_BYTES:
            break
        yield candidate.verdict, Markup(markup)  # the template has escaped every text


def _why(scored: ScoredReply) -> str:
    """Says in a line what is wrong with a reply; nothing if nothing is."""
    if isinstance(scored.reply, FailedReply):
        return cut(f"{scored.reply.error_class}: {scored.reply.reason}", CHARACTERS_IN_ENTRY)
    if scored.causes:
        return f"Regressed: {'; '.join(scored.causes)}"
    if scored.broken_rules:
        return f"Breaks {', '.join(map(spoken, scored.broken_rules))}"
    similarity = scored.scores.get(SIMILARITY)
    if scored.verdict is Verdict.CHANGED and similarity is not None:
        return f"{similarity:.0%} similar to the reference reply"
    return ""


def _side_by_side(prefix: Prefix, replies: RepliesBySide) -> tuple[_Text | None, list[_ShownReply]]:
    """Marks the differences between each reply and the reference reply.

    The reference reply is marked where it differs from the candidate's.
    """
    reference = None if prefix.reference is None else _plain(prefix.reference)
    shown = []
    for side in sorted(replies, key=list(Side).index):
        reply = replies[side].reply
        text = _plain(reply) if isinstance(reply, Message) else None
        if prefix.reference is not None and isinstance(reply, Message):
            gone, new = differences(_cut(prefix.reference), _cut(reply))
            text = _Text(new, len(reply.text))
            if side is Side.CANDIDATE:
                reference = _Text(gone, len(prefix.reference.text))
        shown.append(_ShownReply(replies[side], text, list(_facts(replies[side]))))
    return reference, shown


def _facts(scored: ScoredReply) -> Iterator[str]:
    if isinstance(scored.reply, Message) and scored.reply.latency_ms is not None:
        yield f"{scored.reply.latency_ms:,} ms"
    for name, score in scored.scores.items():
        if score is not None:
            yield f"{spoken(name)} {score:.4g}"
    if scored.closeness is not None and scored.noise_closeness is not None:
        yield f"closeness {scored.closeness:.4g}, noise down to {scored.noise_closeness:.4g}"


def _plain(message: Message) -> _Text:
    return _Text([Part(_cut(message), differs=False)], len(message.text))


def _cut(message: Message) -> str:
    return message.text[:MOST_CHARACTERS]
