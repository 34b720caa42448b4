"""A conversation that people reviewed: what they decided, and what rules and judges report."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from duologue.settings.rules import Severity
from duologue.validation.rule import Violation

JUDGE_PREFIX = "judge:"
"""How the finding of a failed criterion begins."""


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


@dataclass(frozen=True, slots=True)
class Reported:
    """What rules and judges report about a conversation."""

    signals: frozenset[Signal]
    judged: frozenset[str]


def reported(
    violations: Iterable[Violation], verdicts: Iterable[Mapping[str, Any]] = ()
) -> Reported:
    """Collects what rules and judges report about a conversation.

    Args:
        violations: rules that it breaks; a failed criterion is one too, as in
            `judge:user_in_role`.
        verdicts: as the column `verdicts` has them: `criterion`, `passed` (null if undecided), and
            `severity`; without one, a failed criterion is a warning.
    """
    decided = [verdict for verdict in verdicts if verdict["passed"] is not None]
    failed = frozenset(
        Signal(Source.JUDGE, item["criterion"], Severity(item.get("severity") or Severity.WARNING))
        for item in decided
        if not item["passed"]
    )
    return Reported(
        signals=failed | frozenset(map(_signal, violations)),
        judged=frozenset(verdict["criterion"] for verdict in decided),
    )


def _signal(violation: Violation) -> Signal:
    source = Source.JUDGE if violation.rule.startswith(JUDGE_PREFIX) else Source.RULE
    return Signal(source, violation.rule.removeprefix(JUDGE_PREFIX), violation.severity)
