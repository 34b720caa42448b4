"""What Prefect stores of a run is JSON, and nothing is ever unpickled or evaluated."""

import ast
import importlib
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from prefect import Flow, Task
from prefect.settings import PREFECT_RESULTS_LOCAL_STORAGE_PATH

import duologue
import duologue.flows
import duologue.tasks
from tests.support.generating import generated, rerun, retried
from tests.support.vellum_stand_in import StandIn

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for package in ("duologue", "flows", "tasks", "workflows")
    for path in (ROOT / package).rglob("*.py")
)
UNSAFE_MODULES = {
    "pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "yaml",
}  # fmt: skip
"""Of YAML, `ruamel.yaml` reads data alone unless it is asked for more."""
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "read_pickle", "allow_pickle"}


def stored(folder: Path, before: set[Path]) -> list[Path]:
    return [path for path in set(folder.rglob("*")) - before if path.is_file()]


def kinds_in(path: Path) -> set[str]:
    """Names the classes in a stored result, which must be JSON."""
    record = json.loads(path.read_bytes())
    # Prefect stores some with what describes them, and an error on its own.
    if "metadata" in record:
        assert record["metadata"]["serializer"]["type"] == "json"
        record = json.loads(record["result"])
    return {record[key] for key in ("__class__", "__exc_type__") if key in (record or {})}


async def test_whatever_becomes_of_a_run_its_results_are_json(
    seeds_csv: Path, vellum: StandIn, prefect_server: str, tmp_path: Path
) -> None:
    """Also the error that it ends with, which Prefect stores whatever a flow says of its result."""
    storage = Path(str(PREFECT_RESULTS_LOCAL_STORAGE_PATH.value()))
    before = set(storage.rglob("*"))
    vellum.deployments["support-bot"].when_history_contains = {"number 3?": "status_repeating:400"}
    await retried(await generated(seeds_csv))
    await rerun(seeds_csv)
    await generated(tmp_path / "missing.csv")
    await rerun(seeds_csv, version="no-such-version")
    files = stored(storage, before)
    assert len(files) >= 2
    kinds = {kind for path in files for kind in kinds_in(path)}
    assert "duologue.errors.UsageError" in kinds


@pytest.mark.processes
def test_a_worker_that_stores_every_result_stores_nothing_of_a_run(tmp_path: Path) -> None:
    """As it does where PREFECT_RESULTS_PERSIST_BY_DEFAULT is set."""
    code = (
        "import asyncio, sys\n"
        "from duologue.flows.generate_dataset import generate_dataset\n"
        "asyncio.run(generate_dataset(turns=1, output=sys.argv[1]))\n"
    )
    environment = {
        **os.environ,
        "PREFECT_HOME": str(tmp_path / "home"),
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true",
        "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(tmp_path / "results"),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "140",
    }
    environment.pop("PREFECT_API_URL", None)
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "datasets")],
        cwd=ROOT, env=environment, check=True, capture_output=True, timeout=600,
    )  # fmt: skip
    assert (tmp_path / "datasets" / "seed_user_messages" / "latest.json").exists()
    assert stored(tmp_path / "results", set()) == []


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(module.name)


def test_every_flow_and_task_stores_json_or_nothing() -> None:
    made = {
        id(value): value
        for package in (duologue.flows, duologue.tasks)
        for module in modules_of(package)
        for value in vars(module).values()
        if isinstance(value, Flow | Task)
    }
    assert len(made) >= 6
    for one in made.values():
        # Of a task that stores nothing, Prefect does not store an error either.
        stores_nothing = isinstance(one, Task) and one.persist_result is False
        assert one.result_serializer == "json" or stores_nothing, one.name


def faults_in(source: str) -> list[str]:
    """Names what of a source reads code, or data that may hold code."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [(node.module or "").partition(".")[0]]
        elif isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name) and function.id in UNSAFE_CALLS:
                found.append(function.id)
            if isinstance(function, ast.Attribute) and function.attr in UNSAFE_CALLS - {"compile"}:
                found.append(function.attr)
            for keyword in node.keywords:
                if keyword.arg in UNSAFE_CALLS:
                    found.append(keyword.arg)
                if keyword.arg == "typ" and ast.unparse(keyword.value) != "'safe'":
                    found.append(f"typ={ast.unparse(keyword.value)}")
                if keyword.arg == "shell":
                    found.append("shell")
        found += [name for name in names if name in UNSAFE_MODULES]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_unpickles_or_evaluates(path: Path) -> None:
    assert faults_in(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import os, marshal",
        "from cloudpickle import loads",
        "import joblib.memory",
        "eval(text)",
        "exec(text)",
        "pd.read_pickle(path)",
        "np.load(path, allow_pickle=True)",
        "YAML(typ='unsafe')",
        "subprocess.run(command, shell=True)",
        "__import__(name)",
        "import yaml",
    ],
)
def test_what_is_looked_for_is_found(source: str) -> None:
    assert faults_in(source)


def test_the_package_is_looked_through() -> None:
    assert Path(duologue.__file__) in SOURCES
    assert len(SOURCES) > 150
