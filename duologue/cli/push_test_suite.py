"""`duologue push-test-suite`: a version's conversations as cases of a Vellum Test Suite."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from duologue.cli.options import Name, Output, OutputFormat, VersionOrFolder
from duologue.settings.test_suites import CasePer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duologue.test_suites.cases import SuiteCase
    from duologue.test_suites.vellum_suite import PushResult, SuiteVariables

REJECTED_SHOWN = 20
"""--format json has them all."""


def push_test_suite(
    version: VersionOrFolder,
    suite: Annotated[str, typer.Argument(help="The Test Suite's id or name.")],
    output: Output = "datasets",
    name: Name = None,
    per: Annotated[
        CasePer,
        typer.Option(
            help="What becomes a case: a conversation up to its last USER message, or its prefix "
            "up to each one."
        ),
    ] = CasePer.CONVERSATION,
    input_name: Annotated[
        str, typer.Option(help="The Test Suite's input variable of type CHAT_HISTORY.")
    ] = "chat_history",
    evaluation_name: Annotated[
        str | None,
        typer.Option(
            help="The Test Suite's evaluation variable of type STRING for the chatbot's reply; no "
            "reply is sent if not given."
        ),
    ] = None,
    remove_gone: Annotated[
        bool,
        typer.Option("--remove-gone", help="Remove the dataset's cases that are no longer there."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
    output_format: Annotated[
        OutputFormat, typer.Option("--format", help="json: one JSON object.")
    ] = OutputFormat.TEXT,
) -> None:
    """Make a Vellum Test Suite hold a version's conversations. Pushed again, it sends the changes.

    Exit code 0; 1 if Vellum rejected some cases; 2 if it can't be done.
    """
    from duologue.dataset.formats import CONVERSATIONS_FILE
    from duologue.test_suites.cases import cases_of
    from duologue.test_suites.vellum_suite import SuiteVariables
    from duologue.versions.finding import find_version

    found = find_version(version, output, name)
    dataset, chatbot = found.manifest.dataset, found.manifest.settings.chatbot
    cases = list(cases_of(found.folder / CONVERSATIONS_FILE, dataset, per, chatbot))
    variables = SuiteVariables(input_name, evaluation_name)
    result = asyncio.run(_push(suite, variables, cases, dataset, remove_gone, dry_run))
    if output_format is OutputFormat.JSON:
        typer.echo(result.model_dump_json())
    else:
        _print(result)
    if result.rejected:
        raise typer.Exit(1)


async def _push(
    suite: str,
    variables: "SuiteVariables",
    cases: "Sequence[SuiteCase]",
    dataset: str,
    remove_gone: bool,
    dry_run: bool,
) -> "PushResult":
    from duologue.participants.vellum_deployment import vellum_client
    from duologue.test_suites.vellum_suite import VellumSuite

    async with vellum_client(max_concurrency=1) as client:
        return await VellumSuite(client, suite, variables).push(
            cases, dataset, remove_gone=remove_gone, dry_run=dry_run
        )


def _print(result: "PushResult") -> None:
    for kind in ("created", "replaced", "unchanged", "removed", "rejected"):
        typer.echo(f"{len(getattr(result, kind))} {kind}")
    for external_id, reason in result.rejected[:REJECTED_SHOWN]:
        typer.echo(f"rejected {external_id}: {reason}")
    if len(result.rejected) > REJECTED_SHOWN:
        typer.echo(f"and {len(result.rejected) - REJECTED_SHOWN} more rejected")
    if result.dry_run:
        typer.echo("dry run: nothing was changed")
