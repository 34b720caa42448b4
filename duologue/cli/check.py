"""`duologue check`: the validation rules on any transcript file."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column
from rich.text import Text

from duologue.cli.flags import Assignments, ConfigFile, read_settings
from duologue.cli.judging import judged_transcripts, seeds_of, with_judges
from duologue.cli.options import Name, Output, OutputFormat
from duologue.cli.reliability import print_measured, print_reliability
from duologue.cli.terminal import Console, counted, json_line, open_table

if TYPE_CHECKING:
    from duologue.reliability.labels import Label
    from duologue.reliability.measuring import Reliability
    from duologue.reliability.reviewed import Reported
    from duologue.validation.dataset_rules.assess import Assessment
    from duologue.validation.quality import DatasetFinding
    from duologue.validation.transcripts import CheckedTranscript, Transcript

IDS_SHOWN = 3
"""Of the conversations that a finding about the whole file names."""


def check(
    context: typer.Context,
    file: Annotated[
        str,
        typer.Argument(
            help="Transcripts: JSONL, JSON, Parquet or CSV, a path or a URL; or a version, as in "
            "`duologue show`."
        ),
    ],
    output: Output = "datasets",
    name: Name = None,
    output_format: Annotated[
        OutputFormat, typer.Option("--format", help="json: one JSON object a conversation.")
    ] = OutputFormat.TEXT,
    config: ConfigFile = None,
    assignments: Assignments = None,
    dataset: Annotated[
        bool,
        typer.Option(
            "--dataset",
            help="With --format json: a last object about the file as a whole, under `dataset`.",
        ),
    ] = False,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REFERENCE",
            help="A judge that reads the conversations too, as in openai:gpt-5-mini; repeatable. "
            "`judges` in the config file or with --set has more options.",
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            help="What people decided about the conversations, as JSONL or CSV with `id`, `broken` "
            "and `kinds`: measures precision and recall of each rule. With --format json: a last "
            "object, under `reliability`."
        ),
    ] = None,
    messages_column: Annotated[
        str | None, typer.Option(help="The column or field that holds the messages.")
    ] = None,
    user_role: Annotated[
        list[str] | None, typer.Option(help="What the file calls the user; repeatable.")
    ] = None,
    assistant_role: Annotated[
        list[str] | None, typer.Option(help="What the file calls the chatbot; repeatable.")
    ] = None,
    transcript_format: Annotated[
        str | None, typer.Option(help="The file's format, such as jsonl, if its name hides it.")
    ] = None,
) -> None:
    """Run the validation rules on any transcript file.

    They check each conversation, and all of them together.

    A conversation is a list of messages, as OpenAI, Anthropic, Gemini, Vellum, LangChain and others
    write them, in a column or field such as `messages` or `chat_history`.

    With judges, their answers are stored in the output folder, so that a conversation that stays
    the same is not judged again.

    Exit code 0 if every conversation is valid, 1 if some are not, 2 if the file can't be read.
    What is found in the file as a whole leaves it as it is.
    """
    from duologue.settings.check import CHECK_SETTINGS, CheckSettings
    from duologue.validation.corpus import without_stop_token
    from duologue.validation.dataset_rules.assess import Assessment
    from duologue.validation.loading import load_rules
    from duologue.validation.transcripts import (
        TranscriptNames,
        check_transcripts,
        read_transcripts,
    )
    from duologue.versions.finding import find_conversations, names_version
    from duologue.versions.measured import reliability_of

    is_version = names_version(file)
    measured = None
    if is_version:
        path = find_conversations(file, output, name)
        file, measured = str(path), reliability_of(path.parent)
    merged, read = read_settings(context, CheckSettings, lambda file: file.only(*CHECK_SETTINGS))
    settings = with_judges(merged.settings, judge or ())
    if read is not None:
        Console(stderr=True).say(f"Settings: {read}")
    is_json = output_format is OutputFormat.JSON
    valid = Assessment()
    rules = load_rules(merged.settings.rules)
    decided = _labels(labels)
    names = TranscriptNames(
        messages_column, frozenset(user_role or ()), frozenset(assistant_role or ())
    )
    transcripts, note = without_stop_token(read_transcripts(file, names, transcript_format))
    if note:
        Console(stderr=True).say(note)
    assessed_in = None if is_json and not dataset else valid
    if settings.judges:
        seeds = seeds_of(file) if is_version else {}
        judged = judged_transcripts(transcripts, rules, settings, output, seeds)
        results = _collected(judged, assessed_in)
    else:
        results = _collected(check_transcripts(transcripts, rules), assessed_in)
    found: dict[str, Reported] = {}
    if decided:
        results = _noted(results, found)
    if is_json:
        invalid = _print_json(results)
        if dataset:
            quality = valid.quality(invalid=invalid).model_dump(mode="json")
            typer.echo(json_line({"dataset": quality}))
        if decided:
            reliability = _measured(decided, found, file)
            typer.echo(json_line({"reliability": reliability.model_dump(mode="json")}))
    else:
        invalid = _print_table(list(results))
        _print_findings(valid.quality(invalid=invalid).findings)
        print_measured(measured)
        if decided:
            typer.echo()
            print_reliability(_measured(decided, found, file))
    raise typer.Exit(1 if invalid else 0)


def _collected(
    checked: Iterable[tuple["Transcript", "CheckedTranscript"]],
    valid: "Assessment | None",
) -> Iterator["CheckedTranscript"]:
    """Yields what was found in each transcript; adds the valid ones to what is assessed, if any."""
    from duologue.validation.dataset_rules.conversation import DatasetConversation

    for transcript, result in checked:
        if valid is not None and result.is_valid:
            expected = transcript.expected
            valid.add(
                DatasetConversation(
                    transcript.id, transcript.messages, expected.end_reason, expected.seed_message
                )
            )
        yield result


def _labels(path: str | None) -> "list[Label]":
    from duologue.reliability.labels import read_labels

    return [] if path is None else read_labels(path)


def _noted(
    results: Iterable["CheckedTranscript"], found: "dict[str, Reported]"
) -> Iterator["CheckedTranscript"]:
    """Passes results on and notes what is reported about each conversation, by id."""
    from duologue.reliability.reviewed import reported

    for result in results:
        plain = [verdict.model_dump(mode="json") for verdict in result.verdicts]
        found[result.id] = reported(result.violations, plain)
        yield result


def _measured(labels: "Sequence[Label]", found: "dict[str, Reported]", file: str) -> "Reliability":
    from duologue.reliability.labels import labelled
    from duologue.reliability.measuring import measure

    return measure(labelled(labels, found, file))


def _print_json(results: Iterable["CheckedTranscript"]) -> int:
    """Prints a line for each conversation as it is checked; counts the invalid ones."""
    invalid = 0
    for result in results:
        invalid += not result.is_valid
        violations = [asdict(violation) for violation in result.violations]
        line = {"id": result.id, "valid": result.is_valid, "violations": violations}
        if result.verdicts:
            line["verdicts"] = [verdict.model_dump(mode="json") for verdict in result.verdicts]
        typer.echo(json_line(line))
    return invalid


def _print_table(results: Sequence["CheckedTranscript"]) -> int:
    """Prints every fault and the counts; counts the invalid conversations."""
    from duologue.settings.rules import Severity
    from duologue.validation.check import rule_names

    console = Console()
    told: Counter[str] = Counter()
    headings = ("conversation", "rule", "severity", "message")
    table = open_table(*(Column(heading, overflow="fold") for heading in headings))
    table.add_column("detail", overflow="fold", ratio=1)
    for result in results:
        told.update(rule_names(result.violations, Severity.INFO))
        for violation in result.violations:
            if violation.severity is Severity.INFO:
                continue
            index = "" if violation.message_index is None else str(violation.message_index)
            cells = (result.id, violation.rule, violation.severity, index, violation.detail)
            table.add_row(*map(Text, cells))
    if table.row_count:
        console.print(table)
        console.print()
    valid = sum(result.is_valid for result in results)
    warned = sum(
        result.is_valid and bool(rule_names(result.violations, Severity.WARNING))
        for result in results
    )
    console.print(
        f"{counted(len(results), 'conversation')}: {valid} valid ({warned} with warnings), "
        f"{len(results) - valid} invalid"
    )
    if told:
        counts = ", ".join(f"{name} {count}" for name, count in sorted(told.items()))
        console.say(f"For information: {counts}")
    return len(results) - valid


def _print_findings(findings: Sequence["DatasetFinding"]) -> None:
    """Prints what the dataset rules found, if anything."""
    if not findings:
        return
    console = Console()
    console.print("\nIn the file as a whole:")
    for finding in findings:
        ids = ", ".join(finding.conversation_ids[:IDS_SHOWN])
        more = ", …" if len(finding.conversation_ids) > IDS_SHOWN else ""
        console.say(f"  {finding.rule}: {finding.detail}{f' ({ids}{more})' if ids else ''}")
