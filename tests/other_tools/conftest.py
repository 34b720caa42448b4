"""The other tools' environment, and an exported dataset that is hard to read."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv" / "other-tools"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def other_tools() -> Path:
    """The folder of the environment that `make test` sets up, with its programs in bin."""
    if not (ENVIRONMENT / "ready").exists():
        message = "these tests need the other tools; run `make .venv/other-tools/ready` to see why"
        if os.environ.get("CI"):
            pytest.fail(f"{message} they could not be installed")
        pytest.skip(f"{message} they are missing")
    return ENVIRONMENT


@pytest.fixture
def run(other_tools: Path, tmp_path: Path) -> Run:
    """Runs a command with the other tools alone, in the test's folder and without a network."""
    paths = (other_tools / "bin", other_tools / "node_modules" / ".bin", "/usr/bin", "/bin")
    nowhere = "http://127.0.0.1:9"
    environment = {
        "PATH": ":".join(map(str, paths)),
        "HOME": str(tmp_path / "home"),
        "HTTP_PROXY": nowhere,
        "HTTPS_PROXY": nowhere,
        "NO_PROXY": "127.0.0.1",  # where stand-ins are
        "DEEPEVAL_TELEMETRY_OPT_OUT": "1",
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
        "OPENAI_API_KEY": "none",
    }

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    return run
