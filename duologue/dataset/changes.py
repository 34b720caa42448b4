"""How two versions differ, conversation by conversation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from duologue.dataset.counts import Counts
from duologue.settings.options import Record
from duologue.settings.run import RunSettings

SETTINGS_SHOWN = {
    "chatbot.reference",
    "simulated_user.reference",
    "simulation.turns",
    "simulation.ends_with",
    "conversations_per_seed",
}
"""Settings whose values are shown; of the others, which may hold people's texts, only the names."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """All of a version that is compared."""

    version: str
    revision: int
    counts: Counts
    seed_file_sha256: str
    settings: RunSettings
    digests: Mapping[str, str | None]
    """By conversation id: of its messages; None if the conversation is not in the dataset."""


class Changes(Record):
    """How a version differs from another. Conversations are named by their ids, sorted."""

    before_version: str
    before_revision: int
    counts_before: Counts
    settings: tuple[str, ...]
    """One per changed setting, as in `simulation.turns: 3 → 5`."""
    added: tuple[str, ...]
    """Conversations that were not requested before."""
    removed: tuple[str, ...]
    """Conversations that are no longer requested."""
    newly_good: tuple[str, ...]
    """Failed or invalid before, and valid now."""
    newly_failing: tuple[str, ...]
    """Valid before, and failed or invalid now."""
    changed: tuple[str, ...]
    """Valid before and now, with different messages."""


def changes_between(before: Outcomes, now: Outcomes) -> Changes:
    """Compares two versions."""
    old, new = before.digests, now.digests
    both = sorted(old.keys() & new.keys())
    return Changes(
        before_version=before.version,
        before_revision=before.revision,
        counts_before=before.counts,
        settings=tuple(_setting_changes(before, now)),
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        newly_good=tuple(id for id in both if old[id] is None and new[id] is not None),
        newly_failing=tuple(id for id in both if old[id] is not None and new[id] is None),
        changed=tuple(id for id in both if old[id] and new[id] and old[id] != new[id]),
    )


def _setting_changes(before: Outcomes, now: Outcomes) -> Iterator[str]:
    if before.seed_file_sha256 != now.seed_file_sha256:
        yield "the seed file's contents"
    old = dict(_flat(before.settings.model_dump(mode="json")))
    new = dict(_flat(now.settings.model_dump(mode="json")))
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            shown = f": {old.get(name)} → {new.get(name)}" if name in SETTINGS_SHOWN else ""
            yield f"{name}{shown}"


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
