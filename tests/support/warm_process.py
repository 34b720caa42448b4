"""The process that imports everything once and forks for each command; see `commands.py`.

    python warm_process.py SOCKET

A request is one message with four descriptors: a file with what to run, as JSON, and the standard
streams. The answer is the exit code. Whoever closes the connection earlier kills the command,
unless it is detached. Everything ends when this process's standard input does.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import shutil
import signal
import socket
import sys
import time
from collections.abc import Mapping
from typing import NamedTuple, TypedDict

IMPORTED_ONCE = (
    "prefect.flow_engine",  # before the Vellum SDK, which changes pydantic for models made after it
    "duologue.flows.generate_dataset",
    "duologue.flows.rerun_failed_seeds",
    "duologue.flows.evaluate_dataset",
    "duologue.flows.compare_chatbots",
    "fastapi.encoders",
    "anyio._backends._asyncio",
    "vellum",
    "vellum.workflows",
    "pandas",
    "pyarrow.pandas_compat",
    "upath.implementations.local",
    # What the commands import only when they need it.
    "phonenumbers",
    "duologue.participants.checking",
    "duologue.participants.local_workflow",
    "duologue.report.comparison_page",
    "duologue.settings.sources",
    "duologue.validation.transcripts.files",
    "duologue.versions.comparisons",
    "duologue.workflows.simulated_user.workflow",
    "duologue.workflows.support_bot.workflow",
)

OWN_SETTINGS = {"PREFECT_HOME", "PREFECT_PROFILE"}

SETTINGS_FILES = ("prefect.toml", "pyproject.toml", ".env")
"""Where Prefect reads settings, in the working directory."""


class Request(TypedDict):
    """What to run."""

    command: list[str]
    """A Python script, with its arguments."""
    cwd: str
    environment: dict[str, str]
    detached: bool
    """Whether it outlives its client, until the session ends."""


class Child(NamedTuple):
    """A forked process, and who waits for it."""

    pid: int
    client: socket.socket
    detached: bool


class WarmProcess:
    """Forks for each request."""

    def __init__(self, path: str) -> None:
        self._children: dict[int, Child] = {}
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen(64)
        self._ended, self._ends = socket.socketpair()
        self._ends.setblocking(False)
        signal.set_wakeup_fd(self._ends.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)  # the wake-up is what counts
        self._events = selectors.DefaultSelector()
        for source in (self._listener, self._ended, sys.stdin):
            self._events.register(source, selectors.EVENT_READ)

    def serve(self) -> Request | None:
        """Serves until the session ends; returns early in each child, with what it is to run."""
        while True:
            for key, _ in self._events.select():
                if key.fileobj is self._listener:
                    if request := self._fork():
                        return request
                elif key.fileobj is self._ended:
                    self._ended.recv(4096)
                    self._report_ended()
                elif key.fileobj is sys.stdin:
                    for child in self._children.values():
                        _kill(child)
                    return None
                else:
                    self._client_left(key.data)

    def _fork(self) -> Request | None:
        _import_once()
        client, _ = self._listener.accept()
        _, (file, *streams), _, _ = socket.recv_fds(client, 16, maxfds=4)
        with open(file) as content:
            content.seek(0)
            request: Request = json.load(content)
        _follow(request)
        pid = os.fork()
        os.setpgid(pid, pid)  # in both, as either may be first
        if pid == 0:
            client.close()
            self._forget()
            _become(request, streams)
            return request
        for stream in streams:
            os.close(stream)
        child = self._children[pid] = Child(pid, client, request["detached"])
        self._events.register(client, selectors.EVENT_READ, child)
        return None

    def _forget(self) -> None:
        """Closes in a child what belongs to the warm process."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._events.close()
        for one in (self._listener, self._ended, self._ends):
            one.close()
        for child in self._children.values():
            child.client.close()

    def _report_ended(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = ended
                child = self._children.pop(pid)
                with contextlib.suppress(KeyError):  # its client has left
                    self._events.unregister(child.client)
                with contextlib.suppress(OSError):
                    child.client.send(str(os.waitstatus_to_exitcode(status)).encode())
                child.client.close()

    def _client_left(self, child: Child) -> None:
        self._events.unregister(child.client)
        if not child.detached:
            _kill(child)


def _import_once() -> None:
    if IMPORTED_ONCE[0] not in sys.modules:
        _set_prefect_defaults()
        for module in IMPORTED_ONCE:
            importlib.import_module(module)
        _load_once()
        gc.collect()
        gc.freeze()  # a garbage collection in a child would copy what it looks at


def _load_once() -> None:
    """Loads what each command would: a model (0.4 s), and the pages' templates (0.2 s)."""
    from duologue.report.rendering import page_environment
    from duologue.validation.language import language_detector

    language_detector()
    for name in page_environment().list_templates(extensions=["jinja"]):
        page_environment().get_template(name)


def _follow(request: Request) -> None:
    """Reads Prefect's settings here if a request has others than the one before it.

    Most requests of a session have the same, so their processes need not read them again. A command
    with settings of its own, in files or a profile, reads them itself.
    """
    known = _what_prefect_reads(os.environ)
    wanted = _what_prefect_reads(_prefect_defaults() | request["environment"])
    own = wanted.get("HOME") != known.get("HOME") or not OWN_SETTINGS.isdisjoint(wanted)
    if wanted == known or own:
        return
    _replace(known, wanted)
    try:
        _read_prefect_settings()
    except Exception:  # the command shall report it
        _replace(wanted, known)


def _replace(old: dict[str, str], new: dict[str, str]) -> None:
    for name in old:
        del os.environ[name]
    os.environ.update(new)


def _kill(child: Child) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _become(request: Request, streams: list[int]) -> None:
    """Makes a forked process what a new one with this request would be."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _open_streams(request["environment"].get("PYTHONIOENCODING", ""))
    os.chdir(request["cwd"])
    known = _what_prefect_reads(os.environ)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv = request["command"]
    sys.path[0] = os.path.dirname(sys.argv[0])
    _set_prefect_defaults()
    if _what_prefect_reads(os.environ) != known or any(map(os.path.exists, SETTINGS_FILES)):
        _read_prefect_settings()


def _open_streams(wanted: str) -> None:
    """Opens the standard streams as Python does when it starts, with PYTHONIOENCODING or without.

    Those of the warm process know of their own files whether one can seek in them.
    """
    encoding, _, errors = wanted.partition(":")
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        stream = open(  # noqa: SIM115  # it is for the rest of the process
            number,
            mode,
            buffering=1 if mode == "w" and (number == 2 or os.isatty(number)) else -1,
            encoding=encoding or "utf-8",
            errors="backslashreplace" if number == 2 else errors or "strict",
            closefd=False,
        )
        setattr(sys, name, stream)


def _set_prefect_defaults() -> None:
    """Does early what `duologue` does before it imports Prefect."""
    for setting, value in _prefect_defaults().items():
        os.environ.setdefault(setting, value)


def _prefect_defaults() -> dict[str, str]:
    from duologue.cli.local_run import PREFECT_DEFAULTS

    return PREFECT_DEFAULTS


def _what_prefect_reads(environment: Mapping[str, str]) -> dict[str, str]:
    return {n: value for n, value in environment.items() if n == "HOME" or n.startswith("PREFECT_")}


def _read_prefect_settings() -> None:
    """Does again what Prefect does when it is imported; takes 0.15 s."""
    from prefect.context import refresh_global_settings_context
    from prefect.logging.configuration import setup_logging

    refresh_global_settings_context()
    setup_logging(incremental=False)


exit_code = 0


def _leave() -> None:
    """Ends the process before Python takes all modules apart, which would copy their memory."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


if __name__ == "__main__":
    atexit.register(_leave)  # the first to be registered is the last to be called
    request = WarmProcess(sys.argv[1]).serve()
    if request is None:  # the tests' own process may have been killed, and left this to be removed
        shutil.rmtree(os.path.dirname(sys.argv[1]), ignore_errors=True)
    else:
        try:
            runpy.run_path(request["command"][0], run_name="__main__")
        except BaseException as error:
            code = error.code if isinstance(error, SystemExit) else 1
            exit_code = code if isinstance(code, int) else int(code is not None)
            raise
