"""The notebook for those who come from Vellum's guide runs as it is, and with their own sides."""

import ast
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.vellum_stand_in import stand_in_process

NOTEBOOK = Path(__file__).parents[2] / "docs/how-to/from_the_guide.ipynb"
SEED_MESSAGES = [
    "What is your refund policy?",
    "What time are you open until?",
    "How much does a one year warranty cost?",
]
ALL_VALID = {
    "rows_read": 3,
    "rejected": 0,
    "seeds": 3,
    "conversations": 3,
    "valid": 3,
    "invalid": 0,
    "failed": 0,
}


def the_notebook() -> Any:
    # The library that reads notebooks has no types for its functions.
    return nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]


def executed(notebook: Any, folder: Path, environment: dict[str, str]) -> dict[str, str]:
    """Runs it with this interpreter, and gives what each cell showed as text, by the cell's id."""
    environment = {**environment, "TMPDIR": str(folder)}
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}})
    client.execute(env=environment)
    shown = {}
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        assert "error" not in [output.output_type for output in outputs]
        assert "stderr" not in [output.get("name") for output in outputs], outputs
        shown[cell.id] = "".join(
            output.text if output.output_type == "stream" else output.data["text/plain"]
            for output in outputs
        )
    assert shown["run"] == "", "Prefect's log does not belong in the notebook"
    return shown


@pytest.fixture
def own_kernels(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps a `python3` kernel that the user has installed, of another interpreter, away."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path_factory.mktemp("jupyter")))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp()))


def test_the_notebook_is_committed_without_outputs() -> None:
    for cell in the_notebook().cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)


@pytest.mark.usefixtures("own_kernels")
def test_the_notebook_runs_as_it_is(tmp_path: Path, prefect_environment: dict[str, str]) -> None:
    shown = executed(the_notebook(), tmp_path, prefect_environment)

    assert ast.literal_eval(shown["counts"]) == ALL_VALID
    assert "test_suite.csv" in ast.literal_eval(shown["files"])
    _header, *rows = shown["conversations"].splitlines()
    for row, message in zip(rows, SEED_MESSAGES, strict=True):
        assert message in row
    assert len(shown["test-suite"].splitlines()) == 1 + len(SEED_MESSAGES)
    assert ast.literal_eval(shown["last-messages"]) == ["USER"] * 3
    roles = [line.split()[0] for line in shown["conversation"].splitlines()]
    assert roles == ["USER", *["ASSISTANT", "USER"] * 3]
    (folder,) = tmp_path.iterdir()
    assert shown["seeds"].strip() == str(folder)


@pytest.mark.usefixtures("own_kernels")
def test_the_notebook_runs_with_workflow_deployments(
    tmp_path: Path, prefect_environment: dict[str, str]
) -> None:
    notebook = the_notebook()
    (parameters,) = (cell for cell in notebook.cells if cell.id == "parameters")
    for bundled, own in (
        ("local:duologue.workflows.support_bot", "support-bot"),
        ("local:duologue.workflows.simulated_user", "simulated-user"),
    ):
        assert bundled in parameters.source
        parameters.source = parameters.source.replace(bundled, own)

    with stand_in_process() as url:
        vellum = {"VELLUM_API_URL": url, "VELLUM_API_KEY": "a-key"}
        shown = executed(notebook, tmp_path, {**prefect_environment, **vellum})

    assert ast.literal_eval(shown["counts"]) == ALL_VALID
    _header, *rows = shown["participants"].splitlines()
    assert [row.split()[1:] for row in rows] == [["support-bot", "simulated-user"]] * 3
