"""Runs 30 seeds with a small language model on both sides: `make small-model`.

Starts `serve.py` in its own environment, waits for it, runs `duologue generate` with the files of
this folder, and stops the server.
"""

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PORT = 8791
START_SECONDS = 120


def main() -> int:
    """Returns the exit code of `duologue generate`."""
    server = subprocess.Popen(
        [ROOT / ".venv/small-model/bin/python", HERE / "serve.py", "--port", str(PORT)]
    )
    try:
        _wait_for(server)
        return _generate(sys.argv[1:])
    finally:
        server.terminate()
        server.wait()


def _wait_for(server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health", timeout=5).close()
            return
        except OSError:
            time.sleep(0.5)
    raise SystemExit("the model did not start; see its messages above")


def _generate(more: list[str]) -> int:
    environment = os.environ | {
        "OPENAI_BASE_URL": f"http://127.0.0.1:{PORT}/v1",
        "OPENAI_API_KEY": "",
    }
    command = [
        str(Path(sys.executable).with_name("duologue")),
        *("generate", "seeds.csv", "--config", "duologue.toml"),
        *("--output", str(ROOT / "datasets"), "--name", "small_model"),
        *more,
    ]
    return subprocess.run(command, cwd=HERE, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
