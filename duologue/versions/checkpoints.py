"""Checkpoints: what a run has produced so far, stored with the dataset it writes.

    OUTPUT/DATASET/.checkpoints/VERSION/KEY.json              a finished conversation
    OUTPUT/DATASET/.checkpoints/VERSION/KEY.draft.json        one that was started, reply by reply;
                                                              removed once it is finished
    OUTPUT/DATASET/.checkpoints/unchanged/KEY.json            one that later runs may reuse
    EVALUATIONS/.checkpoints/VERSION/EVALUATION/KEY.json      a reply

Whoever reaches the dataset reaches its checkpoints: a Retry, `--resume`, a rerun and a shard find
them from any machine. They are removed together with their version.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from functools import cached_property, partial
from typing import ParamSpec, TypeVar

from pydantic import BaseModel, ValidationError
from upath import UPath

from duologue.storage.files import (
    append_to_file,
    is_local,
    make_folder,
    names_in,
    remove_folder,
    replace_file,
    storage_errors,
)
from duologue.storage.locations import without_credentials
from duologue.versions.places import is_version

Model = TypeVar("Model", bound=BaseModel)
Value = TypeVar("Value")
Parameters = ParamSpec("Parameters")

CHECKPOINTS_FOLDER = ".checkpoints"
UNCHANGED = "unchanged"
"""The scope of the conversations that later runs may reuse."""

REMOTE_CALLS = 32
"""Concurrent reads and writes on an object store; each spends its time waiting."""


class Checkpoints:
    """The checkpoints of a dataset, or of a folder of evaluations; for one run and event loop.

    A key is `SCOPE/NAME`; the scope is a folder. Each scope is listed once, because most keys that
    a run looks up do not exist yet. What other processes write later is not seen.
    """

    def __init__(self, parent: UPath, warn: Callable[[str], None]) -> None:
        """Opens the checkpoints in a folder; touches nothing yet.

        Args:
            parent: of the dataset, or of the evaluations.
            warn: called with one sentence for each damaged checkpoint.
        """
        self.parent = parent
        self._folder = parent / CHECKPOINTS_FOLDER
        self.is_on_disk = is_local(self._folder)
        """If so, no call waits: it is over before the event loop does anything else."""
        self._warn = warn
        self._names: dict[str, set[str]] = {}
        self._written: defaultdict[str, set[str]] = defaultdict(set)
        """By scope; also while it is being listed."""
        self._listing = asyncio.Lock()
        self._made: set[str] = set()

    async def names(self, scope: str) -> set[str]:
        """Returns the names of the files and folders in a scope; of all scopes for the empty one.

        Raises:
            UsageError: the storage cannot be listed.
        """
        async with self._listing:  # once, however many ask meanwhile
            if scope not in self._names:
                listed = await self._called(self._list, scope)
                self._names[scope] = listed | self._written[scope]
        return self._names[scope]

    async def list_scopes(self, keys: Iterable[str]) -> None:
        """Lists the scopes of some keys before they are read.

        Raises:
            UsageError: the storage cannot be listed.
        """
        for scope in {key.rpartition("/")[0] for key in keys}:
            await self.names(scope)

    async def read(self, key: str, kind: type[Model]) -> Model | None:
        """Returns the checkpoint stored under a key; None if there is none or it is damaged.

        Raises:
            UsageError: the storage cannot be read.
        """
        content = await self._content(key)
        if content is None:
            return None
        try:
            return kind.model_validate_json(content)
        except ValidationError:
            self._warn_of_damage(key)
            return None

    async def read_parts(self, key: str, kind: type[Model]) -> list[Model]:
        """Returns what `append` stored under a key, in order, without parts that are damaged.

        A process that was killed may have left one part half written.

        Raises:
            UsageError: the storage cannot be read.
        """
        content = await self._content(key)
        if content is None:
            return []
        parts = []
        for line in filter(None, content.split(b"\n")):
            with suppress(ValidationError):
                parts.append(kind.model_validate_json(line))
        if not parts:
            self._warn_of_damage(key)
        return parts

    async def _content(self, key: str) -> bytes | None:
        scope, _, name = key.rpartition("/")
        if f"{name}.json" not in await self.names(scope):
            return None
        path = self._path(key)
        with _read_errors(path):
            try:
                return await self._called(path.read_bytes)
            except FileNotFoundError:
                return None
            except IsADirectoryError:
                return b""

    def _warn_of_damage(self, key: str) -> None:
        path = without_credentials(self._path(key))
        self._warn(f"{path}: is damaged, so it counts as not stored")

    async def append(self, key: str, part: BaseModel, whole: BaseModel) -> None:
        """Stores a checkpoint that has grown.

        On a disk it appends the part, which takes a tenth of the time that a file of its own does.
        An object store can only replace the whole.

        Raises:
            Exception: whatever the storage raises.
        """
        if not self.is_on_disk:
            return await self.write(key, whole)
        scope, _, name = key.rpartition("/")
        self._make(scope)
        # The end of a line comes first, so that it also ends a part that was left half written.
        append_to_file(f"{self._folder.path}/{key}.json", f"\n{part.model_dump_json()}".encode())
        self._note(scope, name)

    async def write(self, key: str, value: BaseModel) -> None:
        """Stores a checkpoint; replaces an older one atomically.

        Raises:
            Exception: whatever the storage raises.
        """
        scope, _, name = key.rpartition("/")
        await self._called(self._write, scope, key, value)
        self._note(scope, name)

    def _note(self, scope: str, name: str) -> None:
        self._written[scope].add(f"{name}.json")
        if scope in self._names:
            self._names[scope].add(f"{name}.json")

    async def remove(self, key: str) -> None:
        """Removes a checkpoint, if there is one.

        Raises:
            UsageError: the storage refuses.
        """
        scope, _, name = key.rpartition("/")
        if f"{name}.json" not in await self.names(scope):
            return
        path = self._path(key)
        what = f"checkpoint {without_credentials(path)}: cannot be removed"
        with storage_errors(what, "; remove it and run again"):
            await self._called(partial(path.unlink, missing_ok=True))
        for names in (self._names[scope], self._written[scope]):
            names.discard(f"{name}.json")

    def _path(self, key: str) -> UPath:
        if ".." in key.split("/") or key.startswith("/"):
            raise ValueError(f"{key!r} leads out of {self._folder}")
        return self._folder / f"{key}.json"

    def _write(self, scope: str, key: str, value: BaseModel) -> None:
        self._make(scope)
        replace_file(self._path(key), value.model_dump_json().encode())

    def _make(self, scope: str) -> None:
        if scope not in self._made:
            make_folder(self._path(f"{scope}/any").parent)
            self._made.add(scope)

    def _list(self, scope: str) -> set[str]:
        folder = self._folder / scope if scope else self._folder
        with _read_errors(folder), suppress(FileNotFoundError):
            return names_in(folder)
        return set()

    async def _called(
        self,
        call: Callable[Parameters, Value],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Value:
        """Calls storage: a disk directly, because a thread takes longer than a small file."""
        if self.is_on_disk:
            return call(*args, **kwargs)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(call, *args, **kwargs))

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(REMOTE_CALLS, thread_name_prefix="checkpoints")


def _read_errors(path: UPath) -> AbstractContextManager[None]:
    return storage_errors(
        f"checkpoints {without_credentials(path)}: cannot be read",
        "; make the storage available and run again, and nothing that is stored there is billed "
        "again",
    )


def remove_checkpoints(parents: Iterable[UPath], is_outdated: Callable[[str], bool]) -> None:
    """Removes the checkpoints of outdated versions; those that later runs may reuse stay.

    Args:
        parents: folders with checkpoints.
        is_outdated: checks whether a version is outdated.
    """
    for parent in parents:
        folder = parent / CHECKPOINTS_FOLDER
        with suppress(FileNotFoundError):
            for name in sorted(names_in(folder)):
                if is_version(name) and is_outdated(name):
                    remove_folder(folder / name)
