"""Why a reply counts as regressed: the one place where causes are named and counted."""

from collections.abc import Iterable

from duologue.evaluation.replies import ScoredReply

BELOW_NOISE = "below the noise"
RULE = "rule: "
"""Starts a cause; the rule follows."""
JUDGE = "judge: "
"""Starts a cause; the criterion follows."""


def regression_causes(
    newly_broken_rules: Iterable[str] = (),
    failed_criteria: Iterable[str] = (),
    below_noise: bool = False,
) -> tuple[str, ...]:
    """Returns why a reply has regressed, as for a reader; empty if it has not.

    Args:
        newly_broken_rules: the rules that it breaks and the reference reply keeps.
        failed_criteria: the criteria that a judge found it to fail.
        below_noise: whether it is less similar to the right replies than they are to each other.
    """
    return (
        *(f"{RULE}{rule}" for rule in sorted(newly_broken_rules)),
        *(f"{JUDGE}{criterion}" for criterion in sorted(failed_criteria)),
        *([BELOW_NOISE] if below_noise else []),
    )


def regressed_for_itself(reply: ScoredReply) -> bool:
    """Checks whether a reply has a cause that needs no other replies: a rule or a judge.

    A reply below the noise may be chance. Only many of them show that a chatbot is worse.
    """
    return any(cause != BELOW_NOISE for cause in reply.causes)
