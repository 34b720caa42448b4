"""Runs the dataset rules."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from duologue.settings.rules import (
    CANNED_REPLY,
    DRIFT,
    MEASURES,
    NEAR_DUPLICATES,
    DatasetRuleSettings,
)
from duologue.validation.dataset_rules.canned_replies import (
    Uses,
    add_replies,
    canned_replies,
    repeated_share,
)
from duologue.validation.dataset_rules.conversation import DatasetConversation
from duologue.validation.dataset_rules.distributions import distributions_of
from duologue.validation.dataset_rules.drift import compared, drifted
from duologue.validation.dataset_rules.facts import Facts, facts_of
from duologue.validation.dataset_rules.measures import measures_of, sampling_errors
from duologue.validation.dataset_rules.near_duplicates import NearDuplicates
from duologue.validation.quality import DatasetFinding, DatasetQuality

MAX_FINDINGS = 20
"""Per rule: the largest ones. Further ones are more of the same."""

MAX_IDS = 100
"""Per finding, so that the manifest stays small even if all conversations are concerned."""


class Assessment:
    """Reads the conversations of a dataset one by one, and then assesses it.

    Adding each one right after its rules have run saves reading its words twice.
    """

    def __init__(self) -> None:
        self._count = 0
        self._facts: list[Facts] = []
        self._uses: Uses = defaultdict(list)
        self._near_duplicates = NearDuplicates()

    def add(self, conversation: DatasetConversation) -> None:
        """Reads a valid conversation."""
        self._count += 1
        self._facts.append(facts_of(conversation))
        add_replies(self._uses, conversation)
        self._near_duplicates.add(conversation)

    def quality(
        self,
        failed: int = 0,
        invalid: int = 0,
        earlier: Sequence[DatasetQuality] = (),
        settings: DatasetRuleSettings = DatasetRuleSettings(),
        others: Mapping[str, tuple[float, float]] = MappingProxyType({}),
    ) -> DatasetQuality:
        """Measures the dataset, compares it with earlier versions, and reports what stands out.

        Args:
            failed: number of conversations that could not be simulated.
            invalid: number of conversations that were left out because they are invalid.
            earlier: the quality of earlier versions, oldest first; only the last 14 count.
            settings: which findings to report, and their severities.
            others: measures taken elsewhere, by name: the value and its standard error.
        """
        groups, count = self._near_duplicates.groups(), self._count
        requested = count + failed + invalid
        counts = {"failed_share": requested, "invalid_share": requested}
        counts |= {"near_duplicate_share": count, "canned_reply_share": count}
        shares = {
            "failed_share": failed / max(requested, 1),
            "invalid_share": invalid / max(requested, 1),
            "near_duplicate_share": sum(map(len, groups)) / max(count, 1),
            "canned_reply_share": repeated_share(self._uses, count),
        }
        values = {name: share for name, share in shares.items() if counts[name]}
        values |= measures_of(self._facts)
        values |= {name: value for name, (value, _) in others.items()}
        errors = sampling_errors(self._facts)
        errors |= {name: error for name, (_, error) in others.items()}
        measures = compared(
            {name: values[name] for name in MEASURES if name in values},
            errors,
            counts,
            earlier,
            settings.drift_distances,
        )
        found = [
            *_near_duplicates(groups, count, settings),
            *_canned_replies(self._uses, count, settings),
            *((f"{DRIFT}:{name}", detail, ()) for name, detail in drifted(measures)),
        ]
        return DatasetQuality(
            measures=measures,
            distributions=distributions_of(self._facts),
            findings=tuple(
                DatasetFinding(
                    rule=rule, severity=severity, detail=detail, conversation_ids=ids[:MAX_IDS]
                )
                for rule, detail, ids in found
                if (severity := settings.severity(rule)) is not None
            ),
        )


def assess(
    conversations: Iterable[DatasetConversation],
    failed: int = 0,
    invalid: int = 0,
    earlier: Sequence[DatasetQuality] = (),
    settings: DatasetRuleSettings = DatasetRuleSettings(),
    others: Mapping[str, tuple[float, float]] = MappingProxyType({}),
) -> DatasetQuality:
    """Assesses the valid conversations of a dataset; see `Assessment.quality`."""
    assessment = Assessment()
    for conversation in conversations:
        assessment.add(conversation)
    return assessment.quality(failed, invalid, earlier, settings, others)


_Found = tuple[str, str, tuple[str, ...]]
"""A rule, its finding in words, and the conversations concerned."""


def _near_duplicates(
    groups: Sequence[tuple[str, ...]], conversation_count: int, settings: DatasetRuleSettings
) -> Iterator[_Found]:
    alike = sum(map(len, groups))
    if alike > settings.max_near_duplicate_share * conversation_count:
        for ids in groups[:MAX_FINDINGS]:
            detail = (
                f"{len(ids)} conversations of different seeds are nearly the same; "
                f"{alike / conversation_count:.1%} of all are like another"
            )
            yield NEAR_DUPLICATES, detail, ids


def _canned_replies(
    uses: Uses, conversation_count: int, settings: DatasetRuleSettings
) -> Iterator[_Found]:
    canned = canned_replies(uses, conversation_count, settings.max_canned_reply_share)
    for reply in canned[:MAX_FINDINGS]:
        detail = (
            f"one reply of {reply.words} words is given in {len(reply.given_in)} of "
            f"{conversation_count} conversations "
            f"({len(reply.given_in) / conversation_count:.1%}), "
            f"twice or more in {len(reply.repeated_in)} of them"
        )
        yield CANNED_REPLY, detail, reply.given_in
