"""`duologue check`: the validation rules on any transcript file."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from duologue.cli.options import OutputFormat
from duologue.cli.rule_options import OwnRuleOption, RuleOption, RulesFileOption, rule_settings

if TYPE_CHECKING:
    from duologue.transcripts import CheckedTranscript


def check(
    file: Annotated[
        str, typer.Argument(help="Transcripts: JSONL, JSON, Parquet or CSV; a path or a URL.")
    ],
    output_format: Annotated[
        OutputFormat, typer.Option("--format", help="json: one JSON object a conversation.")
    ] = OutputFormat.TEXT,
    rule: RuleOption = None,
    own_rule: OwnRuleOption = None,
    rules_file: RulesFileOption = None,
) -> None:
    """Run the validation rules on the conversations of any transcript file.

    A conversation is in the column or field `messages` (with role and content) or `chat_history`
    (with role and text, as Vellum has it).

    Exit code 0 if every conversation is valid, 1 if some are not, 2 if the file can't be read.
    """
    from duologue.transcripts import check_transcript, read_transcripts
    from duologue.validation.loading import load_rules

    settings, read_rules_file = rule_settings(rules_file, rule, own_rule)
    if read_rules_file is not None:
        Console(stderr=True).print(f"Rules: {read_rules_file}", markup=False, highlight=False)
    rules = load_rules(settings)
    results = (check_transcript(transcript, rules) for transcript in read_transcripts(file))
    if output_format is OutputFormat.JSON:
        all_valid = _print_json(results)
    else:
        all_valid = _print_table(list(results))
    raise typer.Exit(0 if all_valid else 1)


def _print_json(results: Iterable["CheckedTranscript"]) -> bool:
    """Prints a line for each conversation as it is checked; tells whether all are valid."""
    all_valid = True
    for result in results:
        all_valid &= result.is_valid
        violations = [asdict(violation) for violation in result.violations]
        line = {"id": result.id, "valid": result.is_valid, "violations": violations}
        typer.echo(json.dumps(line, ensure_ascii=False))
    return all_valid


def _print_table(results: Sequence["CheckedTranscript"]) -> bool:
    """Prints every fault and the counts; tells whether all conversations are valid."""
    from duologue.validation.check import rule_names
    from duologue.validation.rule import Severity

    console = Console()
    told: Counter[str] = Counter()
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("conversation", "rule", "severity", "message"):
        table.add_column(heading, overflow="fold")
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
        f"{len(results)} conversations: {valid} valid ({warned} with warnings), "
        f"{len(results) - valid} invalid"
    )
    if told:
        counts = ", ".join(f"{name} {count}" for name, count in sorted(told.items()))
        console.print(f"For information: {counts}", highlight=False, soft_wrap=True)
    return valid == len(results)
