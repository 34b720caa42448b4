"""`duologue serve`: a Prefect server, what prefect.yaml describes, and workers that run it."""

import inspect
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Set
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from duologue.cli.child_process import ChildProcess, kill_group
from duologue.cli.prefect_server import check_server, check_settings
from duologue.cli.temporary_server import listens_in_time
from duologue.cli.terminal import Console, open_table
from duologue.errors import UsageError

if TYPE_CHECKING:
    from prefect.flows import Flow

SECONDS_BETWEEN_LOOKS = 0.2

PORT = 4200
"""Where the Prefect server listens by default, as Prefect has it."""

PREFECT_DEFAULTS = {
    # Each run's log is in the UI, next to the run; here it would be tracebacks, printed twice.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # How often a worker looks for runs; Prefect's default is 10.
    "PREFECT_WORKER_QUERY_SECONDS": "2",
}


def serve(
    file: Annotated[
        Path, typer.Option(help="The file that describes the Prefect deployments.")
    ] = Path("prefect.yaml"),
    port: Annotated[
        int,
        typer.Option(min=1, max=65535, help="The Prefect server's port, if none is configured."),
    ] = PORT,
) -> None:
    """Run on a schedule, with a Prefect server and its UI.

    Starts a Prefect server, deploys what prefect.yaml describes, and starts a worker for it. If
    PREFECT_API_URL names a server, uses that one. Ctrl-C stops everything it started.
    """
    import asyncio

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    deployments = read_deployments(file)
    # Paths in the file are relative to its folder, and so is the prefect.toml that Prefect reads
    # when it is imported. `{{ $PWD }}` in the file is the variable that a shell sets.
    os.chdir(file.parent)
    os.environ["PWD"] = str(Path.cwd())
    for setting, value in PREFECT_DEFAULTS.items():
        os.environ.setdefault(setting, value)
    check_settings()
    names = check_deployments(deployments, file.name)
    console = Console()
    try:
        with _prefect_server(port, console) as server:
            pools = sorted({deployment["work_pool"]["name"] for deployment in deployments})
            with console.status("deploying"):
                asyncio.run(_create_pools(pools))
                _deploy(file.name)
            with _workers(pools, server) as workers:
                _show(dict(zip(names, deployments, strict=True)), console)
                _watch(server | workers)
    except KeyboardInterrupt:
        console.say("\nStopped. No run starts until the next `duologue serve`.")


def _stop(number: int, frame: object) -> None:
    """Ends the command in order; a second Ctrl-C must not leave anything running."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt


def read_deployments(file: Path) -> list[dict[str, Any]]:
    """Reads the entries under `deployments` in a prefect.yaml.

    Raises:
        UsageError: the file is missing or not YAML, or it describes no deployment.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="safe").load(file)
    except OSError as error:
        raise UsageError(
            f"{file}: {error.strerror}; run this in the folder that has the file, or name the "
            "file with --file"
        ) from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is not YAML: {' '.join(str(error).split())}") from None
    deployments = content.get("deployments") if isinstance(content, dict) else None
    if not deployments or not isinstance(deployments, list):
        raise UsageError(f"{file} describes no deployments; expected a list under `deployments`")
    for number, deployment in enumerate(deployments, start=1):
        if not isinstance(deployment, dict) or not {"name", "entrypoint"} <= deployment.keys():
            raise UsageError(
                f"{file}: deployment {number} lacks a name or an entrypoint; it needs both"
            )
        if not isinstance(deployment.get("work_pool"), dict) or not deployment["work_pool"].get(
            "name"
        ):
            raise UsageError(
                f"{file}: deployment {deployment['name']!r} names no work pool; give it one, such "
                "as `work_pool: {name: duologue}`"
            )
    return deployments


def check_deployments(deployments: list[dict[str, Any]], file: str) -> list[str]:
    """Loads each deployment's flow and checks its parameters and schedules.

    Args:
        deployments: the entries of the file.
        file: the file's name, for messages.

    Returns:
        Prefect's names of the deployments, flow/deployment.

    Raises:
        UsageError: a flow cannot be loaded, or does not accept its parameters, or a schedule is
            wrong.
    """
    names = []
    for deployment in deployments:
        about = f"{file}: deployment {deployment['name']!r}"
        flow = _load_flow(deployment["entrypoint"], about)
        try:
            _check_parameters(flow, deployment.get("parameters") or {})
            for schedule in deployment.get("schedules") or ():
                _check_schedule(schedule)
        except Exception as error:
            raise UsageError(f"{about}: {_reason(error)}") from error
        names.append(f"{flow.name}/{deployment['name']}")
    return names


def _load_flow(entrypoint: str, about: str) -> "Flow[..., Any]":
    from prefect.flows import load_flow_from_entrypoint

    try:
        return load_flow_from_entrypoint(entrypoint)
    except Exception as error:
        raise UsageError(
            f"{about}: entrypoint {entrypoint!r} cannot be loaded; expected "
            f"path/to/file.py:flow_function; {_reason(error)}"
        ) from error


def _check_parameters(flow: "Flow[..., Any]", parameters: dict[str, Any]) -> None:
    """Checks the parameters that a deployment sets, except for those known only at run time."""
    from prefect.exceptions import ParameterTypeError

    expected = inspect.signature(flow.fn).parameters
    if unknown := parameters.keys() - expected:
        raise ParameterTypeError(
            f"unknown parameters: {', '.join(sorted(unknown))}; {flow.name} has "
            f"{', '.join(expected)}"
        )
    missing = {
        name
        for name, parameter in expected.items()
        if parameter.default is parameter.empty and name not in parameters
    }
    # Whoever starts a run adds what is missing, and Prefect fills placeholders when it deploys.
    if not missing and not _has_placeholder(parameters):
        flow.validate_parameters(parameters)


def _check_schedule(entry: dict[str, Any]) -> None:
    from prefect.schedules import Schedule

    if not _has_placeholder(entry):
        Schedule(**{name: value for name, value in entry.items() if name != "replaces"})


def _has_placeholder(value: object) -> bool:
    return "{{" in str(value)


def _reason(error: Exception) -> str:
    """Describes an error, or what caused it, in one line."""
    cause = error.__cause__ or error
    return " ".join(f"{type(cause).__name__}: {cause}".split())


@contextmanager
def _prefect_server(port: int, console: Console) -> Iterator[dict[str, ChildProcess]]:
    """Makes PREFECT_API_URL name a server in the block, for this process and its children.

    Yields:
        The server that was started, under the name that people see; empty if one was configured or
        was already running on the port.

    Raises:
        UsageError: something else listens on the port, or the server does not start.
    """
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from duologue.storage.locations import without_credentials

    url = f"http://127.0.0.1:{port}"
    api_url = PREFECT_API_URL.value() or f"{url}/api"
    os.environ["PREFECT_API_URL"] = api_url
    with temporary_settings({PREFECT_API_URL: api_url}), ExitStack() as started:
        if api_url != f"{url}/api":
            check_server()
            console.say(f"Prefect server: {without_credentials(api_url)}")
            yield {}
        elif is_prefect(url):
            console.say(f"Prefect UI: {url} (a server that was running there)")
            yield {}
        else:
            check_free(port)
            server = _start_server(port)
            started.callback(server.stop)
            with console.status("starting a Prefect server"):
                started_well = listens_in_time(server.popen, port)
            if not started_well:
                raise UsageError(
                    f"the Prefect server did not start on port {port}; "
                    f"`prefect server start --port {port}` shows why"
                )
            console.say(f"Prefect UI: {url}")
            yield {"the Prefect server": server}


def _start_server(port: int) -> ChildProcess:
    address = ("--host", "127.0.0.1", "--port", str(port))
    # Without it, the page asks the API on port 4200, whatever port it was served from.
    page = {"PREFECT_UI_API_URL": f"http://127.0.0.1:{port}/api"}
    return ChildProcess.start(
        "prefect",
        "server",
        "start",
        *address,
        environment={**page, **os.environ},
        output=subprocess.DEVNULL,
    )


def is_prefect(url: str) -> bool:
    """Checks whether a healthy Prefect server answers there."""
    import httpx

    try:
        answer = httpx.get(f"{url}/api/health", timeout=5)
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK and answer.text == "true"


def check_free(port: int) -> None:
    """Checks that a server can listen on a port of this machine.

    Raises:
        UsageError: something else does.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            raise UsageError(
                f"port {port} of 127.0.0.1 is in use, and not by a healthy Prefect server; choose "
                "another with --port, or name a server in PREFECT_API_URL"
            ) from None


async def _create_pools(pools: list[str]) -> None:
    """Creates the work pools that the server does not have.

    Raises:
        UsageError: the server has one of another type, whose runs are not processes here.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectNotFound
    from prefect.workers.process import ProcessWorker

    async with get_client() as client:
        for name in pools:
            try:
                kind = (await client.read_work_pool(name)).type
            except ObjectNotFound:
                template = ProcessWorker.get_default_base_job_template()
                pool = WorkPoolCreate(name=name, type="process", base_job_template=template)
                await client.create_work_pool(pool)
            else:
                if kind != ProcessWorker.type:
                    raise UsageError(
                        f"the work pool {name!r} on this Prefect server has the type {kind}, and "
                        "`duologue serve` runs work pools of type process; deploy with `prefect "
                        f"deploy --all` and start `prefect worker start --pool {name}`"
                    )


def _deploy(file: str) -> None:
    """Deploys everything that the file describes.

    Raises:
        UsageError: Prefect refuses it.
    """
    with TemporaryFile() as output:
        deploy = ChildProcess.start(
            *("prefect", "--no-prompt", "deploy", "--all", "--prefect-file", file),
            output=output,
            errors=subprocess.STDOUT,
        )
        try:
            exit_code = deploy.popen.wait()
        finally:
            deploy.stop()
        output.seek(0)
        printed = output.read().decode(errors="replace").strip()
    if exit_code:
        raise UsageError(f"{file} cannot be deployed; Prefect reports:\n{printed}")


@contextmanager
def _workers(
    pools: list[str], server: dict[str, ChildProcess]
) -> Iterator[dict[str, ChildProcess]]:
    """Runs a worker for each work pool in the block; afterwards ends what they run.

    Args:
        pools: the work pools' names.
        server: the server that was started, if any.

    Yields:
        The workers, by the names that people see.
    """
    import asyncio

    names = {f"duologue serve {uuid4()}": pool for pool in pools}
    with ExitStack() as started:
        workers = {}
        for name, pool in names.items():
            worker = ChildProcess.start(
                "prefect", "worker", "start", "--pool", pool, "--name", name
            )
            started.callback(worker.stop)
            workers[f"the worker for the work pool {pool!r}"] = worker
        try:
            yield workers
        finally:
            started.close()
            if not any(one.has_ended for one in server.values()):
                asyncio.run(_cancel_runs(names.keys()))


async def _cancel_runs(workers: Set[str]) -> None:
    """Reports the runs that ended with their workers as cancelled, so that Retry is offered."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import State, StateType
    from prefect.states import Cancelled

    under_way = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
    of_state = FlowRunFilterState(type=FlowRunFilterStateType(any_=under_way))
    async with get_client() as client:
        for run in await client.read_flow_runs(flow_run_filter=FlowRunFilter(state=of_state)):
            if run.labels.get("prefect.worker.name") in workers:
                if run.infrastructure_pid:
                    # Ended already, unless its worker was killed.
                    kill_group(int(run.infrastructure_pid))
                cancelled: State[Any] = Cancelled(
                    message="`duologue serve` stopped during this run."
                )
                await client.set_flow_run_state(run.id, cancelled)


def _show(deployments: dict[str, dict[str, Any]], console: Console) -> None:
    """Prints what is served, when it runs, and how to start a run."""
    table = open_table(show_header=False)
    for name, deployment in deployments.items():
        table.add_row(name, _when(deployment))
    console.print(table)
    console.say(
        "\nCtrl-C stops everything. Start a run in the UI, or in another terminal:\n"
        f"  PREFECT_API_URL={os.environ['PREFECT_API_URL']} "
        f"prefect deployment run {next(iter(deployments))}"
    )


def _when(deployment: dict[str, Any]) -> str:
    active = [one for one in deployment.get("schedules") or () if one.get("active", True)]
    times = [
        " ".join(
            f"{key} {one[key]}" for key in ("cron", "interval", "rrule", "timezone") if key in one
        )
        for one in active
    ]
    if times:
        return f"scheduled: {', '.join(times)}"
    return (
        "after its event, or when you start it"
        if deployment.get("triggers")
        else "when you start it"
    )


def _watch(parts: dict[str, ChildProcess]) -> None:
    """Waits until one of the processes ends, which none does on its own.

    Raises:
        typer.Exit: with exit code 1, once one has ended.
    """
    while True:
        for name, part in parts.items():
            if part.has_ended:
                Console(stderr=True).say(
                    f"Error: {name} ended with exit code {part.popen.returncode}; "
                    "`duologue serve` stops the rest. Start it again to continue."
                )
                raise typer.Exit(1)
        time.sleep(SECONDS_BETWEEN_LOOKS)
