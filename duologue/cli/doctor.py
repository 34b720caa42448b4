"""`duologue doctor`: what a run needs, what is missing, and what to do about it."""

import json
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from duologue.cli.flags import Assignments, ConfigFile, read_settings
from duologue.cli.options import Format, OutputFormat
from duologue.cli.prefect_server import check_server, check_settings
from duologue.cli.serve import PORT, check_deployments, check_free, is_prefect, read_deployments
from duologue.cli.terminal import Console, counted
from duologue.errors import DuologueError, UsageError

if TYPE_CHECKING:
    from duologue.plans.generation import Plan
    from duologue.settings.participants import ParticipantSettings


class Status(StrEnum):
    """What a check found."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


_STYLES = {Status.OK: "green", Status.WARNING: "yellow", Status.PROBLEM: "bold red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    subject: str
    status: Status
    text: str
    """What is there, or what is wrong and what to do."""


class DoubtError(Exception):
    """A check found something that may become a problem."""


def doctor(
    context: typer.Context,
    config: ConfigFile = None,
    assignments: Assignments = None,
    output_format: Format = OutputFormat.TEXT,
) -> None:
    """Check everything that a run needs, and say what to do.

    Reads the settings as `duologue generate` does, and bills nothing.

    Exit code 0 if a run can start, 1 if there is a problem.
    """
    console = Console(stderr=output_format is OutputFormat.JSON)
    findings = []
    for finding in _findings(context):
        findings.append(finding)
        console.print(f"{finding.status:8}", style=_STYLES[finding.status], end="")
        console.say(f" {finding.subject:16} {finding.text}")
    if output_format is OutputFormat.JSON:
        typer.echo(json.dumps({"checks": [asdict(one) for one in findings]}, ensure_ascii=False))
    raise typer.Exit(any(one.status is Status.PROBLEM for one in findings))


def _findings(context: typer.Context) -> Iterator[Finding]:
    """Runs the checks, the quick ones first."""
    yield _checked("Python", _installed)
    plan: Plan | None = None

    def settings() -> str:
        nonlocal plan
        plan, file = _plan(context)
        return file or "the defaults; there is no duologue.toml"

    yield _checked("Settings", settings)
    if plan is not None:
        yield from _of_the_run(plan)
    yield _checked("Prefect", _prefect)
    yield _checked("Prefect server", _server)
    yield _checked("UI's port", _port)
    yield _checked("prefect.yaml", _deployments)


def _of_the_run(plan: "Plan") -> Iterator[Finding]:
    yield _checked("Seeds", lambda: _seeds(plan))
    yield _checked("Storage", lambda: _storage(plan))
    chatbot, simulated_user = plan.settings.chatbot, plan.settings.simulated_user
    yield _checked("Chatbot", lambda: _participant(plan, chatbot))
    yield _checked("Simulated user", lambda: _participant(plan, simulated_user))
    for judge in plan.settings.everyone[2:]:
        yield _checked("Judge", partial(_participant, plan, judge))
    yield _checked("Allowed code", lambda: _allowed_code(plan))


def _checked(subject: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, Status.OK, check())
    except DoubtError as doubt:
        return Finding(subject, Status.WARNING, str(doubt))
    except DuologueError as error:
        return Finding(subject, Status.PROBLEM, str(error))


def _installed() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("duologue", "prefect", "vellum-ai"))
    return f"{platform.python_version()} with {packages}"


def _plan(context: typer.Context) -> "tuple[Plan, str | None]":
    from duologue.plans.generation import plan_generation
    from duologue.settings.run import CommonOptions, GenerationSettings

    merged, file = read_settings(context, GenerationSettings)
    return plan_generation(**merged.settings.as_parameters(CommonOptions)), file


def _seeds(plan: "Plan") -> str:
    file = plan.read_seeds({})
    text = f"{file.path}: {counted(len(file.seeds), 'seed')} ({file.columns_note})"
    if file.rejected:
        raise DoubtError(
            f"{text}, {counted(len(file.rejected), 'row')} rejected; `duologue seeds check "
            f"{file.path}` shows why"
        )
    return text


def _storage(plan: "Plan") -> str:
    from duologue.versions.writing import check_writable

    check_writable(plan.dataset)
    return f"{plan.dataset} can be written"


def _participant(plan: "Plan", participant: "ParticipantSettings") -> str:
    """Opens a participant as a run does, and looks a deployment up on Vellum; both are free."""
    import asyncio

    from duologue.participants.opening import open_participants

    async def opened() -> str:
        async with open_participants([participant], plan.settings.call, max_concurrency=1):
            pass
        if not participant.is_deployment:
            return f"{participant.reference} can be used; it was not called"
        from duologue.participants.vellum_preflight import checked_participants

        (checked,) = await checked_participants([participant], plan.settings.call)
        if checked.warning:
            raise DoubtError(checked.warning)
        pinned = checked.settings.pinned
        release = f", release {pinned.release_tag}" if pinned else ""
        return f"{participant.reference} is on Vellum{release}, and its inputs fit"

    return asyncio.run(opened())


def _allowed_code(plan: "Plan") -> str:
    """Finds code that runs here but that a worker would refuse."""
    from duologue.own_code import VARIABLE, allowed_by

    allowed = allowed_by(os.environ.get(VARIABLE, ""))
    refused = sorted({module for module in _modules(plan) if not allowed.allows(module)})
    if refused:
        raise DoubtError(
            f"workers and `duologue serve` refuse {', '.join(refused)}; start them with "
            f"{VARIABLE}={','.join(refused)}"
        )
    return "workers may import all code that the settings name"


def _modules(plan: "Plan") -> Iterator[str]:
    """Lists the modules that the settings name."""
    settings = plan.settings
    participants = [one.reference for one in settings.everyone]
    for reference in [*participants, *settings.rules.own_rules]:
        kind, _, rest = reference.partition(":")
        if kind in ("python", "local"):
            yield rest.partition(":")[0]


def _prefect() -> str:
    check_settings()
    from prefect.settings import PREFECT_HOME

    home = PREFECT_HOME.value()
    existing = next(one for one in (home, *home.parents) if one.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        raise DoubtError(
            f"PREFECT_HOME, {home}, cannot be written, so no server can be started here; set it to "
            "another folder, or name a server in PREFECT_API_URL"
        )
    return f"its settings are accepted; its folder is {home}"


def _server() -> str:
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_SERVER_DATABASE_CONNECTION_URL,
        PREFECT_SERVER_EPHEMERAL_ENABLED,
    )

    from duologue.storage.locations import without_credentials

    url = (PREFECT_API_URL.value() or "").strip()
    if url or not PREFECT_SERVER_EPHEMERAL_ENABLED.value():
        check_server()
        return f"{without_credentials(url)} answers"
    database = PREFECT_SERVER_DATABASE_CONNECTION_URL.value() or ""
    shown = without_credentials(database)
    if not database.startswith("sqlite"):
        _connect(database, shown)
    return f"none is configured; each run starts its own, with the database {shown}"


def _connect(database: str, shown: str) -> None:
    """Connects to Prefect's database.

    Raises:
        UsageError: it cannot be reached, or refuses.
    """
    import asyncio

    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.ext.asyncio import create_async_engine

    async def connect() -> None:
        engine = create_async_engine(database)
        try:
            async with engine.connect():
                pass
        finally:
            await engine.dispose()

    try:
        asyncio.run(connect())
    except (SQLAlchemyError, OSError, ImportError) as error:
        raise UsageError(
            f"the database {shown} cannot be used ({type(error).__name__}); start it, or correct "
            "PREFECT_SERVER_DATABASE_CONNECTION_URL"
        ) from None


def _port() -> str:
    if is_prefect(f"http://127.0.0.1:{PORT}"):
        return f"a Prefect server answers on {PORT}; `duologue serve` uses it"
    try:
        check_free(PORT)
    except DuologueError as error:
        raise DoubtError(str(error)) from None
    return f"{PORT} is free for `duologue serve`"


def _deployments() -> str:
    file = Path("prefect.yaml")
    if not file.exists():
        raise DoubtError("is not in this folder; `duologue init` writes one for runs on a schedule")
    names = check_deployments(read_deployments(file), file.name)
    return f"{counted(len(names), 'Prefect deployment')} can be deployed"
