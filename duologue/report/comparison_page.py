"""Rendering the report of a comparison as one HTML page: the answer, the outcomes, the pairs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import RawIOBase
from typing import Any

from duologue.comparison.manifest import ComparisonManifest, Difference
from duologue.comparison.outcomes import BUILT_IN, Better, Measured, Status
from duologue.comparison.pairs import Pair
from duologue.comparison.result import amount, shown, span, spoken_p
from duologue.dataset.judges import no_verdict_notes
from duologue.report.blocks import (
    CHARACTERS_IN_ENTRY,
    MOST_CHARACTERS,
    Block,
    cut,
    deflated,
    json_text,
    packed_message,
)
from duologue.report.rendering import write_page

COMPARISON_REPORT_FILE = "report.html"

PAIRS_PER_BLOCK = 50
"""A block is unpacked at once, when one of its pairs is opened."""

MOST_BYTES = 20_000_000
"""Of all conversations on the page, packed; pairs beyond that are listed without their text."""


@dataclass(frozen=True, slots=True)
class Plotted:
    """One line of the forest plot; positions are percentages of its width."""

    difference: Difference
    left: float
    right: float
    point: float
    words: str


def write_comparison_report(
    manifest: ComparisonManifest, pairs: Sequence[Pair], file: RawIOBase
) -> None:
    """Writes the report of a comparison.

    Args:
        manifest: of the comparison; the report itself is not in it yet.
        pairs: all of them.
        file: where it is written to, as UTF-8.
    """
    ordered = sorted(pairs, key=lambda pair: _worst_first(pair, manifest))
    blocks = list(_blocks(ordered, manifest))
    headline, _, limits = manifest.answer.partition(". ")
    write_page(
        "whole_comparison.html.jinja",
        ["page.css", "panes.css", "evaluation.css", "whole_comparison.css"],
        ["packed.js", "browser.js", "whole_comparison.js"],
        file,
        manifest=manifest,
        headline=headline,
        limits=limits,
        notes=[
            f"{side}: {note}"
            for side, judges in manifest.judges.items()
            for note in no_verdict_notes(judges)
        ],
        gated=_plotted(manifest.gated),
        exploratory=_plotted([one for one in manifest.differences if one.p_adjusted is None]),
        descriptions={outcome.name: outcome.description for outcome in BUILT_IN},
        shown=shown,
        amount=amount,
        span=span,
        spoken_p=spoken_p,
        kinds=_kinds(ordered, manifest),
        blocks=blocks,
        with_text=sum(block.count for block in blocks if block.conversations),
        most_characters=MOST_CHARACTERS,
    )


def _plotted(differences: Sequence[Difference]) -> list[Plotted]:
    """Lays intervals out on scales that are symmetric about no difference; shares have one."""
    of_shares = max((_reach(one) for one in differences if one.is_share), default=1.0)
    plotted = []
    for one in differences:
        reach = (of_shares if one.is_share else _reach(one)) or 1.0
        ends = (one.low, one.high, one.difference)
        left, right, point = (
            round(50 + 45 * (one.difference if value is None else value) / reach, 2)
            for value in ends
        )
        plotted.append(Plotted(one, left, right, point, _words(one)))
    return plotted


def _reach(one: Difference) -> float:
    return max(abs(value) for value in (one.low, one.high, one.difference) if value is not None)


def _words(one: Difference) -> str:
    """Says what a line of the plot shows."""
    found = {
        "better": "better",
        "worse": "worse",
        "different": "different, neither better nor worse",
        None: "no difference that can be shown",
    }[one.verdict]
    return f"{amount(one, one.difference)} ({span(one)}): {found}"


def _worst_first(pair: Pair, manifest: ComparisonManifest) -> tuple[float, float, int]:
    """Sorts pairs by how much worse they became, then better, then by how early they differ."""
    changes = _changes(pair, manifest).values()
    losses = sum(-change for change in changes if change < 0)
    gains = sum(change for change in changes if change > 0)
    return -losses, -gains, pair.first_difference or 10**6


def _changes(pair: Pair, manifest: ComparisonManifest) -> dict[str, float]:
    """Returns by how much each gated outcome changed, where it did; above 0 is better."""
    one, other = (side.values if side else {} for side in (pair.baseline, pair.candidate))
    changes = {}
    for difference in manifest.gated:
        name = difference.outcome
        before, after = one.get(name), other.get(name)
        if before is None:
            continue
        change = (0.0 if after is None else after) - before
        if change:
            changes[name] = change if difference.better is Better.MORE else -change
    return changes


def _kinds(pairs: Sequence[Pair], manifest: ComparisonManifest) -> list[tuple[str, str, int]]:
    """Lists the kinds of pairs: the value that the list filters by, its name, the count."""
    kinds = Counter(kind for pair in pairs for kind in _kinds_of(pair, _changes(pair, manifest)))
    names = {"worse": "worse", "better": "better", "other": "other", "same": "same words"}
    return [("", "all", len(pairs)), *((kind, name, kinds[kind]) for kind, name in names.items())]


def _kinds_of(pair: Pair, changes: Mapping[str, float]) -> list[str]:
    """Returns what happened to a pair: one may become worse in one outcome, better in another."""
    kinds = [
        kind
        for kind, has_it in (
            ("worse", any(change < 0 for change in changes.values())),
            ("better", any(change > 0 for change in changes.values())),
            ("same", _has_same_words(pair)),
        )
        if has_it
    ]
    return kinds or ["other"]


def _has_same_words(pair: Pair) -> bool:
    """Checks whether both sides said the same; where one failed, there is nothing to compare."""
    both_ended = all(status and status is not Status.FAILED for status in pair.statuses)
    return both_ended and pair.first_difference is None


def _entry(pair: Pair, manifest: ComparisonManifest) -> dict[str, Any]:
    changes = _changes(pair, manifest)
    return {
        "id": f"{pair.seed_id}-{pair.sample}",
        "seed": _seed_message(pair),
        "kinds": _kinds_of(pair, changes),
        "statuses": [status and status.value for status in pair.statuses],
        "turn": pair.first_difference,
        "worse": [name for name, change in changes.items() if change < 0],
        "better": [name for name, change in changes.items() if change > 0],
        "failed": sorted(_failed(pair, manifest)),
        "slower": _rise(pair, "latency_ms"),
        "dearer": _rise(pair, "cost_usd"),
        "rules": sorted(
            {rule for side in (pair.baseline, pair.candidate) for rule in _rules(side)}
        ),
    }


def _seed_message(pair: Pair) -> str:
    """Returns what the user said first, where either side has a conversation."""
    conversations = (side.conversation for side in (pair.baseline, pair.candidate) if side)
    first = next((one.messages[0].text for one in conversations if one and one.messages), "")
    return cut(first, CHARACTERS_IN_ENTRY)


def _failed(pair: Pair, manifest: ComparisonManifest) -> set[str]:
    """Returns the judges' criteria that a conversation of the pair fails."""
    criteria = {
        name
        for judges in manifest.judges.values()
        for one in judges.values()
        for name in one.criteria
    }
    sides = [side.values for side in (pair.baseline, pair.candidate) if side]
    return {name for name in criteria if any(values.get(name, 1.0) < 1.0 for values in sides)}


def _rise(pair: Pair, outcome: str) -> float | None:
    """Returns how much more the candidate has of an outcome; None where a side has none."""
    before, after = (
        side.values.get(outcome) if side else None for side in (pair.baseline, pair.candidate)
    )
    return None if before is None or after is None else after - before


def _rules(measured: Measured | None) -> list[str]:
    if measured is None or measured.conversation is None or not measured.note:
        return []
    return measured.note.split(", ")


def _blocks(pairs: Sequence[Pair], manifest: ComparisonManifest) -> Iterator[Block]:
    """Packs the pairs, some at a time; once the page is full, without their conversations."""
    size = 0
    for start in range(0, len(pairs), PAIRS_PER_BLOCK):
        some = pairs[start : start + PAIRS_PER_BLOCK]
        conversations = _packed(map(_sides, some))
        size += len(conversations)
        yield Block(
            entries=_packed(_entry(pair, manifest) for pair in some),
            conversations=conversations if size <= MOST_BYTES else "",
            count=len(some),
        )


def _packed(values: Iterable[Any]) -> str:
    return deflated(map(json_text, values))


def _sides(pair: Pair) -> dict[str, Any]:
    return {"baseline": _side(pair.baseline), "candidate": _side(pair.candidate)}


def _side(measured: Measured | None) -> dict[str, Any]:
    if measured is None:
        return {"note": "", "values": {}, "messages": []}
    conversation = measured.conversation
    return {
        "note": measured.note,
        "values": dict(measured.values),
        "messages": [packed_message(one) for one in conversation.messages] if conversation else [],
    }
