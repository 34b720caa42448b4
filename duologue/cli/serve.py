"""`duologue serve`: the Prefect deployments of prefect.yaml, and a server if there is none."""

import asyncio
import inspect
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from duologue.cli.prefect_server import PrefectServer, is_prefect
from duologue.cli.terminal import Console
from duologue.errors import UsageError

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment
    from prefect.flows import Flow
    from prefect.schedules import Schedule
    from pydantic import BaseModel

QUIET = {
    # Prefect's log is in the UI, each run's with its run; here it would be tracebacks, twice each.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
}


def serve(
    file: Annotated[Path, typer.Option(help="Where the Prefect deployments are described.")] = Path(
        "prefect.yaml"
    ),
    port: Annotated[
        int, typer.Option(help="For the Prefect server that is started where none is configured.")
    ] = 4200,
) -> None:
    """Run every night, and whenever somebody asks in the Prefect UI, in this one process.

    Uses the Prefect server that PREFECT_API_URL names, and starts one if none is named. Ctrl-C ends
    it; the schedules pause until it is started again.
    """
    # Until there is a runner to stop: an end that leaves no server behind.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    descriptions = read_descriptions(file)
    # Paths in the file are relative to it, and Prefect reads the prefect.toml beside it. It reads
    # both when it is imported, which is why that comes after.
    os.chdir(file.parent)
    for setting, value in QUIET.items():
        os.environ.setdefault(setting, value)
    from prefect.settings import PREFECT_API_URL, temporary_settings

    deployments = [as_deployment(one, file.name) for one in descriptions]
    console = Console()
    with (
        _prefect_server(PREFECT_API_URL.value(), port, console) as api_url,
        temporary_settings({PREFECT_API_URL: api_url}),
    ):
        asyncio.run(_serve(deployments, console))
        console.print("Stopped. The schedules pause until the next start.", highlight=False)


def read_descriptions(file: Path) -> list[dict[str, Any]]:
    """Reads what prefect.yaml says of each Prefect deployment.

    Raises:
        UsageError: there is no such file, it is no YAML, or it describes no deployment.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="safe").load(file)
    except OSError as error:
        raise UsageError(
            f"{file}: {error.strerror}; run this in the repository's folder, or name the file "
            "with --file"
        ) from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is no YAML: {' '.join(str(error).split())}") from None
    descriptions = content.get("deployments") if isinstance(content, dict) else None
    if not descriptions or not isinstance(descriptions, list):
        raise UsageError(f"{file} describes no deployments; expected a list under `deployments`")
    for number, description in enumerate(descriptions, start=1):
        if not isinstance(description, dict) or not {"name", "entrypoint"} <= description.keys():
            raise UsageError(
                f"{file}: deployment {number} lacks a name or an entrypoint; every one needs both"
            )
    return descriptions


def as_deployment(description: dict[str, Any], file: str) -> "RunnerDeployment":
    """Makes a Prefect deployment of what prefect.yaml says, for a runner instead of a work pool.

    Args:
        description: one of the file's `deployments`.
        file: the file's name, for messages.

    Raises:
        UsageError: its flow cannot be loaded or does not know one of its parameters, or Prefect
            does not know what to make of it.
    """
    from prefect.client.schemas.objects import ConcurrencyLimitConfig
    from prefect.deployments.runner import RunnerDeployment
    from prefect.flows import load_flow_from_entrypoint

    name, entrypoint = description["name"], description["entrypoint"]
    parameters = description.get("parameters") or {}
    limit = description.get("concurrency_limit")
    try:
        flow: Flow[..., Any] = load_flow_from_entrypoint(entrypoint)
    except Exception as error:
        raise UsageError(
            f"{file}: deployment {name!r}: entrypoint {entrypoint!r} cannot be loaded; expected "
            f"path/to/file.py:flow_function; {_reason(error)}"
        ) from error
    try:
        _check_parameters(flow, parameters)
        return RunnerDeployment.from_flow(
            flow,
            name,
            parameters=parameters,
            description=description.get("description"),
            tags=description.get("tags"),
            version=description.get("version"),
            # Prefect leaves one that was served before paused, as it was when that stopped.
            paused=description.get("paused", False),
            schedules=[_schedule(one) for one in description.get("schedules") or ()],
            concurrency_limit=ConcurrencyLimitConfig(**limit) if isinstance(limit, dict) else limit,
            triggers=description.get("triggers"),
        )
    except Exception as error:
        raise UsageError(f"{file}: deployment {name!r}: {_reason(error)}") from error


def _check_parameters(flow: "Flow[..., Any]", parameters: dict[str, Any]) -> None:
    """Raises where the flow knows no such parameters; those without a default are the run's."""
    from prefect.exceptions import ParameterTypeError

    required = {
        name
        for name, parameter in inspect.signature(flow.fn).parameters.items()
        if parameter.default is parameter.empty
    }
    if required <= parameters.keys():
        flow.validate_parameters(parameters)
    elif unknown := parameters.keys() - inspect.signature(flow.fn).parameters:
        raise ParameterTypeError(f"unknown parameters: {', '.join(sorted(unknown))}")


def _schedule(entry: dict[str, Any]) -> "Schedule":
    from prefect.schedules import Schedule

    interval = entry.get("interval")
    if interval is not None:
        entry = {**entry, "interval": timedelta(seconds=interval)}
    return Schedule(**entry)


def _reason(error: Exception) -> str:
    """Tells an error, and what caused it, in one line."""
    cause = error.__cause__ or error
    return " ".join(f"{type(cause).__name__}: {cause}".split())


@contextmanager
def _prefect_server(configured: str | None, port: int, console: Console) -> Iterator[str]:
    """Gives the API's URL of the configured server, or of one on this port, started if need be.

    Raises:
        UsageError: something else listens on the port, or the server does not start.
    """
    url = f"http://127.0.0.1:{port}"
    if configured:
        console.print(f"Prefect server: {configured}", highlight=False)
        yield configured
    elif is_prefect(url):
        console.print(f"Prefect UI: {url} (a server that was running there)", highlight=False)
        yield f"{url}/api"
    else:
        _check_free(port)
        server = PrefectServer.start(port, for_people=True)
        try:
            with console.status("starting a Prefect server"):
                server.wait_until_ready()
            console.print(f"Prefect UI: {url}", highlight=False)
            yield f"{url}/api"
        finally:
            server.end()


def _check_free(port: int) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            raise UsageError(
                f"port {port} of 127.0.0.1 cannot be used: something that is no healthy Prefect "
                "server has it; choose another with --port, or name a server in PREFECT_API_URL"
            ) from None


async def _serve(deployments: list["RunnerDeployment"], console: Console) -> None:
    from prefect.logging.handlers import APILogHandler
    from prefect.runner import Runner

    await _check_no_worker_has(deployments)
    runner = Runner()
    for deployment in deployments:
        await runner.aadd_deployment(deployment)
    running = asyncio.create_task(runner.start())
    await asyncio.sleep(0)
    stopped = asyncio.Event()
    # Only now: `start` sets a handler of its own, which leaves the runs under way to themselves.
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await _show(deployments, console)
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        console.print("\nStopping. A run that is under way is cancelled.", highlight=False)
        await runner.astop()
    await running
    # While there still is a server that takes it in.
    await APILogHandler.aflush()


async def _check_no_worker_has(deployments: list["RunnerDeployment"]) -> None:
    """Refuses what was deployed to a work pool: Prefect would leave it half there, half here.

    Raises:
        UsageError: one of the deployments is a work pool's on this server.
    """
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    async with get_client() as client:
        for name in (f"{one.flow_name}/{one.name}" for one in deployments):
            with suppress(ObjectNotFound):
                pool = (await client.read_deployment_by_name(name)).work_pool_name
                if pool:
                    raise UsageError(
                        f"{name} belongs to the work pool {pool!r} on this Prefect server; start a "
                        f"worker (prefect worker start --pool {pool}), or delete it there first "
                        f"(prefect deployment delete {name})"
                    )


async def _show(deployments: list["RunnerDeployment"], console: Console) -> None:
    """Tells what is served, when it runs next, and how to start one now."""
    from prefect.settings import PREFECT_API_URL

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for deployment in deployments:
        table.add_row(f"{deployment.flow_name}/{deployment.name}", await _when(deployment))
    console.print(table)
    first = deployments[0]
    console.print(
        "\nCtrl-C ends it. To start one now, in the UI or in another terminal:\n"
        f"  PREFECT_API_URL={PREFECT_API_URL.value()} "
        f"prefect deployment run {first.flow_name}/{first.name}",
        highlight=False,
        soft_wrap=True,
    )


async def _when(deployment: "RunnerDeployment") -> str:
    schedules = [one.schedule for one in deployment.schedules or () if one.active]
    nights = [await _next_run(schedule) for schedule in schedules if schedule]
    if nights:
        return f"next at {min(nights):%Y-%m-%d %H:%M %Z}"
    if any(getattr(trigger, "enabled", True) for trigger in deployment.triggers):
        return "when its event comes, or you start it"
    return "when you start it"


async def _next_run(schedule: "BaseModel") -> datetime:
    # Prefect's server works the times out, and has them as a class only.
    from prefect.server.schemas.schedules import SCHEDULE_TYPES
    from pydantic import TypeAdapter

    timed = TypeAdapter[SCHEDULE_TYPES](SCHEDULE_TYPES).validate_python(schedule.model_dump())
    return (await timed.get_dates(1))[0]
