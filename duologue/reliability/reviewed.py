"""A conversation that people reviewed: what they decided, and what rules and judges report."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from duologue.settings.rules import Severity
from duologue.validation.rule import Violation


class Source(StrEnum):
    """Who reports something about a conversation."""

    RULE = "rule"
    JUDGE = "judge"


@dataclass(frozen=True, slots=True, order=True)
class Signal:
    """A rule or a judge's criterion, as it reports one conversation."""

    source: Source
    name: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one reviewer decided about a conversation."""

    reviewer: str
    broken: bool
    kinds: tuple[str, ...] = ()
    message_index: int | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A conversation that at least one person reviewed."""

    id: str
    stratum: str
    """That it was drawn from; all its conversations have the same weight."""
    weight: float
    """The number of conversations that it stands for: the inverse of its inclusion probability."""
    opinions: tuple[Opinion, ...]
    """One for each reviewer."""
    signals: frozenset[Signal]
    """Rules that it breaks, of any severity, and criteria that it fails."""
    judged: frozenset[str] = frozenset()
    """Names of the criteria that it passes or fails."""

    @property
    def broken(self) -> float:
        """The share of its reviewers who call it broken."""
        return sum(opinion.broken for opinion in self.opinions) / len(self.opinions)

    def share_naming(self, kind: str) -> float:
        """Returns the share of its reviewers who name a kind."""
        return sum(kind in opinion.kinds for opinion in self.opinions) / len(self.opinions)

    def has(self, *severities: Severity) -> bool:
        """Checks whether a rule or a judge reports it with one of these severities."""
        return any(signal.severity in severities for signal in self.signals)

    def named(self, source: Source, *severities: Severity) -> tuple[str, ...]:
        """Returns the rules or criteria that report it with one of these severities, sorted."""
        return tuple(
            sorted(s.name for s in self.signals if s.source is source and s.severity in severities)
        )


def broken_rules(violations: Iterable[Violation]) -> frozenset[Signal]:
    """Returns the rules that a conversation breaks."""
    return frozenset(Signal(Source.RULE, item.rule, item.severity) for item in violations)


def failed_criteria(verdicts: Iterable[Mapping[str, Any]]) -> frozenset[Signal]:
    """Returns the criteria that a conversation fails.

    Args:
        verdicts: as the column `verdicts` has them: `criterion`, `passed` (null if the judge only
            gives a score), and `severity`; without one, a failed criterion is a warning.
    """
    return frozenset(
        Signal(Source.JUDGE, item["criterion"], Severity(item.get("severity") or Severity.WARNING))
        for item in verdicts
        if item["passed"] is False
    )


def judged_criteria(verdicts: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Returns the criteria that a judge decided on."""
    return frozenset(item["criterion"] for item in verdicts if item["passed"] is not None)
