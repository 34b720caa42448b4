"""Running the dataset rules."""

from collections.abc import Iterator, Sequence

from duologue.settings.rules import (
    CANNED_REPLY,
    DRIFT,
    MEASURES,
    NEAR_DUPLICATES,
    DatasetRuleSettings,
)
from duologue.validation.dataset_rules.canned_replies import (
    Uses,
    canned_replies,
    repeated_share,
    uses_of_replies,
)
from duologue.validation.dataset_rules.distributions import distributions_of
from duologue.validation.dataset_rules.drift import compared, drifted
from duologue.validation.dataset_rules.facts import facts_of
from duologue.validation.dataset_rules.measures import measures_of, sampling_errors
from duologue.validation.dataset_rules.member import Member
from duologue.validation.dataset_rules.near_duplicates import near_duplicate_groups
from duologue.validation.quality import DatasetFinding, DatasetQuality

MOST_FINDINGS = 20
"""Of one rule. They are the largest ones; further ones are of the same kind."""

MOST_IDS = 100
"""Of one finding, so that a manifest stays small where all conversations are meant."""


def assess(
    members: Sequence[Member],
    failed: int = 0,
    invalid: int = 0,
    earlier: Sequence[DatasetQuality] = (),
    settings: DatasetRuleSettings = DatasetRuleSettings(),
) -> DatasetQuality:
    """Measures a dataset, compares it with its earlier versions, and says what stands out.

    Args:
        members: its valid conversations.
        failed: conversations that could not be simulated.
        invalid: conversations that are not in it because they are invalid.
        earlier: of the versions before, oldest first; the newest 14 are looked at.
        settings: what is reported, and how severe it is.
    """
    facts = [facts_of(member) for member in members]
    groups = near_duplicate_groups(members)
    uses = uses_of_replies(members)
    asked = len(members) + failed + invalid
    counts = {"failed_share": asked, "invalid_share": asked}
    counts |= {"near_duplicate_share": len(members), "canned_reply_share": len(members)}
    shares = {
        "failed_share": failed / max(asked, 1),
        "invalid_share": invalid / max(asked, 1),
        "near_duplicate_share": sum(map(len, groups)) / max(len(members), 1),
        "canned_reply_share": repeated_share(uses, len(members)),
    }
    values = {name: share for name, share in shares.items() if counts[name]} | measures_of(facts)
    measures = compared(
        {name: values[name] for name in MEASURES if name in values},
        sampling_errors(facts),
        counts,
        earlier,
        settings.drift_distances,
    )
    found = [
        *_near_duplicates(groups, len(members), settings),
        *_canned_replies(uses, len(members), settings),
        *((f"{DRIFT}:{name}", detail, ()) for name, detail in drifted(measures)),
    ]
    return DatasetQuality(
        measures=measures,
        distributions=distributions_of(facts),
        findings=tuple(
            DatasetFinding(
                rule=rule, severity=severity, detail=detail, conversation_ids=ids[:MOST_IDS]
            )
            for rule, detail, ids in found
            if (severity := settings.severity(rule)) is not None
        ),
    )


_Found = tuple[str, str, tuple[str, ...]]
"""A rule, what it found in words, and the conversations that is about."""


def _near_duplicates(
    groups: Sequence[tuple[str, ...]], conversations: int, settings: DatasetRuleSettings
) -> Iterator[_Found]:
    alike = sum(map(len, groups))
    if alike > settings.max_near_duplicate_share * conversations:
        for ids in groups[:MOST_FINDINGS]:
            detail = (
                f"{len(ids)} conversations of different seeds are nearly the same; "
                f"{alike / conversations:.1%} of all are like another"
            )
            yield NEAR_DUPLICATES, detail, ids


def _canned_replies(
    uses: Uses, conversations: int, settings: DatasetRuleSettings
) -> Iterator[_Found]:
    canned = canned_replies(uses, conversations, settings.max_canned_reply_share)
    for reply in canned[:MOST_FINDINGS]:
        detail = (
            f"one reply of {reply.words} words is given in {len(reply.given_in)} of "
            f"{conversations} conversations ({len(reply.given_in) / conversations:.1%}), "
            f"twice or more in {len(reply.repeated_in)} of them"
        )
        yield CANNED_REPLY, detail, reply.given_in
