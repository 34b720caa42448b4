"""Compares an evaluation's replies with those of the version's chatbot asked again."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from duologue.conversation.messages import Message
from duologue.evaluation.manifest import NoiseRecord, NoiseTest
from duologue.evaluation.noise import (
    Array,
    Ids,
    below_noise,
    closeness,
    difference,
    findable_share,
)
from duologue.evaluation.plan import ReplyJob
from duologue.evaluation.replies import FailedReply, Prefix, Side
from duologue.evaluation.rules import newly_broken_rules

Replies = Sequence[tuple[Prefix, Side, Message | FailedReply]]
Similarities = Callable[[Sequence[tuple[str, str]]], Sequence[float]]
"""How similar the two texts of each pair are, from 0 to 1, the same in either order."""

_CHANGED_LEVEL = 0.001
"""Of the test whether the version's chatbot still is what it was. It is low because a false alarm
comes back with each evaluation that reuses the noise."""


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """The replies of the version's chatbot asked again, or why there are none."""

    samples: int
    """How many were requested for each prefix."""
    replies: Mapping[str, tuple[Message, ...]] = field(default_factory=dict)
    """By `next_turn_id`; without the prefixes where one of them failed."""
    unmeasured: str | None = None
    """Why there are none; None if there are some."""


def asked_again(
    replies: Iterable[tuple[ReplyJob, Message | FailedReply]], samples: int
) -> AskedAgain:
    """Puts the replies of the version's chatbot together by prefix, if there are enough.

    Args:
        replies: to the jobs of `EvaluationPlan.noise_jobs`.
        samples: how many were requested for each prefix.
    """
    complete: defaultdict[str, list[Message]] = defaultdict(list)
    failure: FailedReply | None = None
    for job, reply in replies:
        if isinstance(reply, Message):
            complete[job.prefix.next_turn_id].append(reply)
        else:
            failure = failure or reply
    kept = {turn: tuple(said) for turn, said in complete.items() if len(said) == samples}
    if not kept:
        why = f": {failure.reason}" if failure else ""
        return AskedAgain(samples, unmeasured=f"the version's chatbot does not reply{why}")
    return AskedAgain(samples, kept)


@dataclass(frozen=True, slots=True)
class ReplyCloseness:
    """How close one reply is, and whether that is below the noise."""

    closeness: float
    noise_closeness: float
    is_below_noise: bool


@dataclass(frozen=True, slots=True)
class ComparedWithNoise:
    """What came of comparing replies with the noise."""

    record: NoiseRecord
    of_reply: Mapping[tuple[str, Side], ReplyCloseness]
    """By `next_turn_id` and side; without those that could not be compared."""


@dataclass(frozen=True, slots=True)
class _Compared:
    """The prefixes that have all replies, and how similar these are."""

    prefixes: Sequence[Prefix]
    replies: Sequence[tuple[Message, ...]]
    """To each prefix: the one that is tested, then those that measure the noise."""
    values: Array
    """Closeness of each reply; shape (prefixes, replies), the one that is tested first."""
    unrelated: Array
    """Closeness of a reply to another prefix, for each prefix."""

    @property
    def seeds(self) -> Ids:
        """The number of each prefix's seed, from 0."""
        _, numbers = np.unique([one.seed.seed_id for one in self.prefixes], return_inverse=True)
        return numbers


def compare_with_noise(
    replies: Replies,
    again: AskedAgain,
    level: float,
    scorer: str,
    similarities: Similarities,
    max_latency_ms: int | None = None,
) -> ComparedWithNoise:
    """Tests whether each side's replies are worse than those of the version's chatbot asked again.

    Args:
        replies: of the candidate, and of the baseline if there is one.
        again: of the version's chatbot.
        level: the largest p-value that counts as worse.
        scorer: names how similarity is measured, for the record.
        similarities: measures it.
        max_latency_ms: for the rule `slow`, which the noise may break too.
    """
    record = NoiseRecord(samples=again.samples, scorer=scorer, level=level)
    if again.unmeasured:
        return ComparedWithNoise(record.model_copy(update={"unmeasured": again.unmeasured}), {})
    prefixes = list({prefix.next_turn_id: prefix for prefix, _, _ in replies}.values())
    if changed := _why_changed(prefixes, again, similarities):
        update = {"unmeasured": changed, "has_changed": True}
        return ComparedWithNoise(record.model_copy(update=update), {})
    tests: dict[Side, NoiseTest] = {}
    of_reply: dict[tuple[str, Side], ReplyCloseness] = {}
    for side, of_side in _by_side(replies).items():
        if compared := _compared(of_side, again, similarities):
            below = below_noise(compared.values)
            tests[side] = _tested(compared, below, level, max_latency_ms)
            for prefix, row, is_below in zip(
                compared.prefixes, compared.values, below, strict=True
            ):
                of_reply[prefix.next_turn_id, side] = ReplyCloseness(
                    float(row[0]), float(row[1:].min()), bool(is_below)
                )
    share = _regressed_share(prefixes, again, max_latency_ms)
    update = {"tests": tests, "regressed_share": share}
    return ComparedWithNoise(record.model_copy(update=update), of_reply)


def _by_side(replies: Replies) -> dict[Side, list[tuple[Prefix, Message]]]:
    found: defaultdict[Side, list[tuple[Prefix, Message]]] = defaultdict(list)
    for prefix, side, reply in replies:
        if isinstance(reply, Message):
            found[side].append((prefix, reply))
    return found


def _compared(
    tested: Iterable[tuple[Prefix, Message]], again: AskedAgain, similarities: Similarities
) -> _Compared | None:
    """Compares each tested reply, the replies of the chatbot asked again, and the reference reply.

    Returns:
        None if no prefix has all of them.
    """
    complete = [
        (prefix, (reply, *again.replies[prefix.next_turn_id]))
        for prefix, reply in tested
        if prefix.next_turn_id in again.replies
    ]
    if not complete:
        return None
    prefixes, replies = map(list, zip(*complete, strict=True))
    # A reply to another conversation stands for a wrong one: half of the list away.
    half = len(replies) // 2
    unrelated = [said[1].text for said in replies[half:] + replies[:half]]
    rows = [
        ([one.text for one in said], prefix.reference.text if prefix.reference else None, other)
        for prefix, said, other in zip(prefixes, replies, unrelated, strict=True)
    ]
    return _Compared(prefixes, replies, *_closeness(rows, similarities))


def _closeness(
    rows: Sequence[tuple[list[str], str | None, str]], similarities: Similarities
) -> tuple[Array, Array]:
    """Measures closeness: of the replies of each row, and of its reply to another prefix.

    Args:
        rows: the replies, the tested one first; the reference reply, or None; the other reply.
        similarities: measures how similar two texts are.
    """
    columns = len(rows[0][0])
    other, reference = columns, columns + 1
    pairs, places = [], []
    for number, (said, referred, unrelated) in enumerate(rows):
        texts = [*said, unrelated, *([] if referred is None else [referred])]
        for one, two in combinations(range(len(texts)), 2):
            pairs.append((texts[one], texts[two]))
            places.append((number, one, two))
    found = np.full((len(rows), columns + 2, columns + 2), -np.inf)
    at, one, two = np.array(places).T
    found[at, one, two] = found[at, two, one] = similarities(pairs)
    kept = [*range(columns), reference]
    values = closeness(found[:, kept][:, :, kept], columns)
    unrelated_to = found[:, other, [*range(1, columns), reference]].max(axis=1)
    return values, unrelated_to


def _tested(
    compared: _Compared, below: npt.NDArray[np.bool_], level: float, max_latency_ms: int | None
) -> NoiseTest:
    values, seeds = compared.values, compared.seeds
    broken = np.array(
        [
            [bool(newly_broken_rules(one, prefix.reference, max_latency_ms)) for one in replies]
            for prefix, replies in zip(compared.prefixes, compared.replies, strict=True)
        ]
    )
    rules = difference(-broken.astype(np.float64), seeds, level) if broken[:, 1:].any() else None
    return NoiseTest(
        p_value=difference(values, seeds, level).p_value,
        prefixes=len(values),
        seeds=int(seeds.max()) + 1,
        closeness=float(values[:, 0].mean()),
        noise_closeness=float(values[:, 1:].mean()),
        below_noise=int(below.sum()),
        findable_share=findable_share(values, compared.unrelated, seeds, level),
        broken_rules_p_value=rules.p_value if rules else None,
    )


def _why_changed(
    prefixes: Iterable[Prefix], again: AskedAgain, similarities: Similarities
) -> str | None:
    """Checks whether the version's chatbot still is the one that made the version.

    Then its reference replies look like those that it gives when asked again. Code on this machine
    has no release to tell, and a changed chatbot would measure its own mistakes as noise.
    """
    if again.samples < 2:
        return None  # of two replies neither is the odd one out
    references = [
        (replace(prefix, reference=None), prefix.reference)
        for prefix in prefixes
        if prefix.reference is not None
    ]
    compared = _compared(references, again, similarities)
    if compared is None:
        return None
    found = difference(compared.values, compared.seeds, _CHANGED_LEVEL, two_sided=True)
    if found.p_value > _CHANGED_LEVEL:
        return None
    return (
        "the version's chatbot does not reply as it did when it made the version "
        f"(p = {found.p_value:.2g})"
    )


def _regressed_share(
    prefixes: Iterable[Prefix], again: AskedAgain, max_latency_ms: int | None
) -> float:
    regressed = [
        bool(newly_broken_rules(reply, prefix.reference, max_latency_ms))
        for prefix in prefixes
        for reply in again.replies.get(prefix.next_turn_id, ())
    ]
    return float(np.mean(regressed)) if regressed else 0.0
