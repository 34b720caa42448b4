"""What a rerun is asked to do: the failed seeds of a version, from the version's own files."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from duologue.dataset.contents import DatasetContents
from duologue.dataset.manifest import Manifest
from duologue.errors import UsageError
from duologue.plans.generation import Job, jobs_of
from duologue.settings.run import RunSettings
from duologue.simulation import FailedSeed, Outcome
from duologue.versions.finding import find_version
from duologue.versions.places import COMPARISONS_FOLDER, DatasetFolder, Version
from duologue.versions.reading import read_contents


@dataclass(frozen=True, slots=True)
class Rerun:
    """A version, and which of its conversations are to be simulated again."""

    dataset: DatasetFolder
    version: Version
    """Its newest revision."""
    settings: RunSettings
    contents: DatasetContents
    jobs: tuple[Job, ...]
    """Every conversation of the version, in its order."""
    again: tuple[Job, ...]
    """Those to simulate: failed or invalid ones; empty if there are none."""

    def outcomes(self, new: Sequence[Outcome]) -> list[Outcome]:
        """Puts new outcomes, in the order of `again`, in the place of the old ones."""
        outcomes = _outcomes(self.contents)
        outcomes |= {job.conversation_id: made for job, made in zip(self.again, new, strict=True)}
        return [outcomes[job.conversation_id] for job in self.jobs]

    def failed_before(self) -> list[tuple[Job, FailedSeed]]:
        """Lists those of `again` that were cut short, with how far they came."""
        failed = {seed.conversation_id: seed for seed in self.contents.failed}
        return [
            (job, failed[job.conversation_id])
            for job in self.again
            if job.conversation_id in failed
        ]


def plan_rerun(
    version: str = "latest",
    seed_ids: Collection[str] = (),
    name: str | None = None,
    output: str = "datasets",
    max_concurrency: int | None = None,
) -> Rerun:
    """Reads a version and finds what is to be simulated again.

    Args:
        version: `latest`, a version, or a version's folder.
        seed_ids: only these seeds, or conversations by their own id; empty for all that failed
            or are invalid.
        name: of the dataset; None where the output holds only one with that version.
        output: where datasets are.
        max_concurrency: how many conversations are simulated concurrently; None for the
            version's own number.

    Raises:
        UsageError: there is no such version, its files cannot be read, or a seed is not one of
            those that failed or are invalid.
    """
    found = find_version(version, output, name)
    _check_no_comparison(found)
    manifest, contents = found.manifest, read_contents(found)
    settings = manifest.settings
    if max_concurrency is not None:
        if max_concurrency < 1:
            raise UsageError(f"max_concurrency is {max_concurrency}; expected 1 or more")
        settings = settings.model_copy(update={"max_concurrency": max_concurrency})
    jobs = jobs_of(contents.seed_file.seeds, settings, manifest.version)
    bad = {item.conversation.conversation_id for item in contents.invalid}
    bad |= {item.conversation_id for item in contents.failed}
    again = [job for job in jobs if job.conversation_id in bad]
    return Rerun(
        dataset=found.dataset,
        version=found,
        settings=settings,
        contents=replace(contents, settings=settings),
        jobs=tuple(jobs),
        again=tuple(again if not seed_ids else _chosen(again, seed_ids, manifest)),
    )


def _check_no_comparison(found: Version) -> None:
    comparison = found.dataset.folder.parent
    if comparison.parent.name == COMPARISONS_FOLDER:
        raise UsageError(
            f"{found}: is one side of comparison {comparison.name}, in which an invalid "
            "conversation is a result; to simulate what is missing on both sides, run `duologue "
            f"compare --resume {comparison.name}`"
        )


def _chosen(again: Sequence[Job], seed_ids: Collection[str], manifest: Manifest) -> list[Job]:
    known = {name for job in again for name in (job.seed.seed_id, job.conversation_id)}
    unknown = [seed_id for seed_id in seed_ids if seed_id not in known]
    if unknown:
        raise UsageError(
            f"seed {unknown[0]!r}: is not among the {len(again)} failed or invalid conversations "
            f"of {manifest.dataset} {manifest.version}; its failures.csv lists them"
        )
    wanted = set(seed_ids)
    return [job for job in again if job.seed.seed_id in wanted or job.conversation_id in wanted]


def _outcomes(contents: DatasetContents) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {
        item.conversation.conversation_id: item.conversation for item in contents.checked
    }
    return outcomes | {item.conversation_id: item for item in contents.failed}
