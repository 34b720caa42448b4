"""Prints a run's result for people or as JSON."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Column, Table

from duologue.cli.conversations import rendered
from duologue.cli.options import OutputFormat
from duologue.cli.terminal import Console, open_table

if TYPE_CHECKING:
    from upath import UPath

    from duologue.dataset.failures import Failure
    from duologue.dataset.manifest import Manifest

REASONS_SHOWN = 5
"""A file lists them all; these show whether it is one cause or many."""


def print_result(
    manifest: "Manifest",
    message: str | None,
    output: str,
    output_format: OutputFormat,
    console: Console,
) -> int:
    """Prints a run's result; returns the exit code.

    Args:
        manifest: of the version.
        message: of the run's final state.
        output: where datasets are.
        output_format: JSON prints one line to standard output.
        console: where the text goes.

    Returns:
        0 if every conversation is good and the version published, 1 otherwise.
    """
    _show(manifest, output, console)
    if message and manifest.settings.test_suite is not None:
        console.say(message)
    if output_format is OutputFormat.JSON:
        typer.echo(json.dumps(_plain(manifest, output)))
    counts = manifest.counts
    return 0 if counts.valid == counts.conversations and not manifest.held_back else 1


def gates_and_files(
    failed_gates: Iterable[str], folder: "UPath", files: Iterable[str], report: str
) -> Iterator[str]:
    """Yields the last lines on an evaluation or a comparison.

    Args:
        failed_gates: one sentence for each gate that the candidate fails.
        folder: with the result.
        files: their names.
        report: the name of the report among them.
    """
    from duologue.storage.locations import without_credentials

    reasons = [f"  {reason}" for reason in failed_gates]
    yield "Not passed:" if reasons else "Passed."
    yield from reasons
    yield ""
    yield without_credentials(folder)
    yield from (f"  {name}" for name in files)
    yield ""
    yield f"Report: {without_credentials((folder / report).absolute().as_uri())}"


def _plain(manifest: "Manifest", output: str) -> dict[str, Any]:
    from duologue.versions.places import DatasetFolder

    path = DatasetFolder(output, manifest.dataset).version(manifest).folder
    return {
        "dataset": manifest.dataset,
        "version": manifest.version,
        "revision": manifest.revision,
        "path": str(path),
        **manifest.counts.model_dump(),
        "left_undone": manifest.left_undone,
        "held_back": list(manifest.held_back),
        "seconds": round(manifest.seconds, 3),
        "usage": manifest.usage and asdict(manifest.usage),
    }


def _show(manifest: "Manifest", output: str, console: Console) -> None:
    """Prints one conversation, the counts, what is missing, and where the files and report are."""
    from duologue.dataset.failures import FAILURES_JSONL_FILE, read_failures
    from duologue.dataset.formats import CONVERSATIONS_FILE
    from duologue.report.page import REPORT_FILE
    from duologue.storage.locations import without_credentials
    from duologue.versions.places import DatasetFolder
    from duologue.versions.reading import read_conversations

    path = DatasetFolder(output, manifest.dataset).version(manifest).folder
    conversation = next(read_conversations(path / CONVERSATIONS_FILE), None)
    if conversation is not None:
        console.print()
        console.print(rendered(conversation))
    counts = manifest.counts
    console.print()
    console.print(_counts_table(manifest))
    if manifest.usage is not None:
        used = f"\nIts calls used {manifest.usage.summary}"
        console.say(used)
    console.say(f"\n{path}")
    for file in [*(file.name for file in manifest.files), "manifest.json"]:
        console.say(f"  {file}")
    if counts.valid < counts.conversations:
        console.print(f"\n{counts.failed} failed and {counts.invalid} invalid, see failures.csv:")
        for line in islice(_reasons(read_failures(path / FAILURES_JSONL_FILE)), REASONS_SHOWN):
            console.say(line)
    if manifest.left_undone:
        console.say(
            f"\nThe run's budget was spent, and {manifest.left_undone} conversations were left "
            "undone"
        )
    _print_judges(manifest, console)
    if manifest.quality.findings:
        console.print("\nWhat stands out in the dataset as a whole:")
        for finding in manifest.quality.findings:
            console.say(f"  {finding.rule}: {finding.detail}")
    if manifest.held_back:
        console.print("\nHeld back; `latest` stays as it was:")
        for reason in manifest.held_back:
            console.say(f"  {reason}")
    if counts.valid < counts.conversations:
        console.say(f"To simulate only these again: {rerun_command(manifest, output)}")
    report = without_credentials((path / REPORT_FILE).absolute().as_uri())
    console.say(f"\nReport: {report}")


def _reasons(failures: "Iterable[Failure]") -> Iterator[str]:
    """Lists why conversations are missing, each reason once."""
    ids: dict[str, list[str]] = {}
    for failure in failures:
        if failure.kind != "rejected_row":  # of the seed file, not of the run
            ids.setdefault(failure.reason, []).append(failure.id)
    for reason, (first, *others) in ids.items():
        more = f" and {len(others)} more" if others else ""
        yield f"  {first}{more}: {reason}"


def _print_judges(manifest: "Manifest", console: Console) -> None:
    """Prints what each judge said, and why it gave no verdict."""
    from duologue.dataset.judges import judge_lines

    for line in judge_lines(manifest.judges):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def rerun_command(manifest: "Manifest", output: str) -> str:
    """Returns the command that completes a version, as a person would type it here."""
    from duologue.storage.locations import absolute, without_credentials

    where = (
        ""
        if absolute(output) == absolute("datasets")
        else f" --output {without_credentials(output)}"
    )
    return f"duologue rerun {manifest.version} --name {manifest.dataset}{where}"


def _counts_table(manifest: "Manifest") -> Table:
    names = ("seeds", "valid", "invalid", "failed", "rejected")
    table = open_table(*(Column(name, justify="right") for name in (*names, "seconds")))
    counts = (str(getattr(manifest.counts, name)) for name in names)
    table.add_row(*counts, f"{manifest.seconds:.1f}")
    return table
