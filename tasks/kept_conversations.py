"""What a run keeps of its conversations, in the storage of the results that Prefect caches.

A finished conversation is kept under its job's key. Prefect writes it there as the cached result
of its task where it has a task run of its own; where many share one, it is written here, and
Prefect finds it all the same. One that was cut short is a draft, in the same storage under the same
key with `-draft` behind it. The two cannot disagree: what is finished is never begun again, and a
draft is never more than how it began.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from prefect import get_run_logger
from prefect.filesystems import LocalFileSystem, RemoteFileSystem, WritableFileSystem
from prefect.results import ResultStore, aget_default_result_storage
from prefect.serializers import JSONSerializer
from prefect.types import DateTime
from upath import UPath

from duologue.conversation.messages import Conversation
from duologue.errors import UsageError
from duologue.plans.generation import Job
from duologue.simulation import Draft
from duologue.storage.files import describe_storage_error, located, remove_folder
from duologue.storage.locations import shown_cause, without_credentials
from duologue.tasks.side_by_side import to_its_end
from duologue.versions.places import is_version

Kind = TypeVar("Kind")
Parameters = ParamSpec("Parameters")

REMOTE_CALLS = 32
"""How many results are read from or written to an object store at a time; each waits for it."""


_NOTHING_THERE = (
    FileNotFoundError,
    ValueError,  # Prefect's way to say the same
    # What it makes of a record that was damaged. Storage that cannot be reached raises others.
    AttributeError,
    ImportError,
    LookupError,
    RuntimeError,
    TypeError,
)


# Prefect's own type for it has no public maker. Not now, which a clock that is set back would take
# for the future.
_LONG_AGO = cast(DateTime, datetime(2000, 1, 1, tzinfo=UTC))


class _Disk(LocalFileSystem):
    """Prefect's disk, with its folder resolved once.

    Prefect does so four times a file, which takes it three times as long as all the rest.
    """

    _block_type_name = "Resolved Local File System"

    @classmethod
    def of(cls, disk: LocalFileSystem) -> "_Disk":
        return cls(basepath=str(disk._resolve_path("")))

    def _resolve_path(self, path: str) -> Path:
        folder = self.basepath or ""
        place = Path(folder, path)
        if ".." in place.parts or not place.is_relative_to(folder):
            raise ValueError(f"{path!r} leads out of {folder}")
        return place


class KeptConversations:
    """Opens the storage that the tasks' results are in; for one flow run.

    Not Prefect's own `get_result_store`: outside of a task, that one keeps nothing for a flow
    whose result is not persisted.
    """

    def __init__(self) -> None:
        self._store = ResultStore(serializer=JSONSerializer(), cache_result_in_memory=False)
        self._threads = ThreadPoolExecutor(REMOTE_CALLS, thread_name_prefix="kept")
        self._listing = asyncio.Lock()
        self._listed: dict[str, set[str] | None] = {}
        self._written: set[str] = set()
        self._storage: WritableFileSystem | None = None

    async def finished(self, job: Job) -> Conversation | None:
        """Finds a conversation that was finished before; None if it was not."""
        return await self.read(job.key, Conversation)

    async def finish(self, job: Job, conversation: Conversation) -> None:
        """Keeps a finished conversation."""
        await self.write(job.key, conversation)

    async def draft(self, job: Job) -> Draft | None:
        """Finds what an attempt that was cut short left of a conversation; None if nothing."""
        return await self.read(_draft_key(job), Draft)

    async def keep(self, job: Job, draft: Draft) -> None:
        """Keeps what there is of a conversation, for the next attempt to go on with."""
        await self.write(_draft_key(job), draft)

    async def keep_if_longer(self, job: Job, draft: Draft) -> None:
        """Keeps a draft that comes from elsewhere, unless as much of it is here already."""
        kept = await self.draft(job)
        if kept is None or len(kept.messages) < len(draft.messages):
            async with self._errors_told():
                await self.keep(job, draft)

    async def forget(self, job: Job) -> None:
        """Sees to it that the next attempt of the run begins the conversation anew.

        Prefect has no way to delete a result, but takes one that has expired for none.
        """
        for key in (job.key, _draft_key(job)):
            if await self._stored(self._store.exists, key):
                async with self._errors_told():
                    await self._stored(self._store.write, None, key=key, expiration=_LONG_AGO)

    async def mark_run(
        self, version: str, dataset: str, output: str, evaluated: str | None = None
    ) -> None:
        """Leaves a mark of what is kept here under a version, or under an evaluation.

        Args:
            version: of the run; or the evaluation, which is named alike.
            dataset: whose conversations, or replies to them, are kept.
            output: where that dataset is.
            evaluated: the version that the evaluation is of; None where it is none.

        Raises:
            UsageError: nothing can be kept; says why.
        """
        mark = {"dataset": dataset, "output": output}
        if evaluated is not None:
            mark["evaluated"] = evaluated
        async with self._errors_told():
            await self.write(_mark_key(version), mark)

    async def has_run(self, version: str) -> bool:
        """Tells whether a run of this version kept its conversations here."""
        return await self._stored(self._store.exists, _mark_key(version))

    async def evaluated_by(self, evaluation: str) -> str | None:
        """Tells which version an evaluation is of; None where nothing of one is kept here."""
        mark = await self.read(_mark_key(evaluation), dict)
        return mark.get("evaluated") if mark else None

    async def remove_runs(
        self, dataset: str, output: str, is_outdated: Callable[[str], bool]
    ) -> None:
        """Removes what runs of a dataset, and evaluations, kept where they are outdated.

        Prefect has no way to do so, and keeps results for ever. Where they are on neither a disk
        nor behind fsspec but in another kind of block, they stay, for the storage's own rules.
        """
        folder = _folder_of(await self._opened())
        if folder is None or not folder.is_dir():
            return
        versions = [path.name for path in folder.iterdir() if is_version(path.name)]
        for version in filter(is_outdated, versions):
            if not await self.has_run(version):
                continue
            mark = await self.read(_mark_key(version), dict)
            if mark and mark["dataset"] == dataset and _is_same_place(mark["output"], output):
                remove_folder(folder / version)

    async def read(self, key: str, kind: type[Kind]) -> Kind | None:
        """Reads what is kept under a key; None if it is nothing, or of another kind."""
        if not await self._may_be_there(key):
            return None
        try:
            kept = (await self._stored(self._store.read, key)).result
        except _NOTHING_THERE:
            return None
        return kept if isinstance(kept, kind) else None

    async def write(self, key: str, value: object) -> None:
        """Keeps something under a key, where Prefect finds it as a task's result."""
        await self._stored(self._store.write, value, key=key)
        self._written.add(key)

    async def _may_be_there(self, key: str) -> bool:
        """Looks a key's folder up once: a run asks for each of its thousands of keys in vain."""
        scope, _, name = key.rpartition("/")
        async with self._listing:  # once, however many ask while it lasts
            if scope not in self._listed:
                self._listed[scope] = await self._names_in(scope)
        there = self._listed[scope]
        return there is None or name in there or key in self._written

    async def _names_in(self, scope: str) -> set[str] | None:
        """Lists what is kept in a folder; None where the storage cannot be listed."""
        folder = _folder_of(await self._opened())
        if folder is None:
            return None
        place = folder / scope

        def listed() -> set[str]:
            place.fs.invalidate_cache()
            return {path.name for path in place.iterdir()} if place.is_dir() else set()

        return await self._stored(listed)

    @asynccontextmanager
    async def _errors_told(self) -> AsyncIterator[None]:
        """Tells whatever storage raises as an error that says what to do.

        Not where a conversation is kept: that is told and goes on. Nor where a shard leaves its
        record: the run that waits for it begins it again, unless it ends with an error of ours.
        """
        try:
            yield
        except Exception as error:  # an object store's driver raises what it likes
            folder = _folder_of(await self._opened())
            place = f" {without_credentials(folder)}" if folder else ""
            raise UsageError(
                f"Prefect's result storage{place}: cannot be written to: "
                f"{describe_storage_error(error)}; "
                "fix that and run again, and what was finished before is not asked for again"
            ) from shown_cause(error)

    async def _stored(
        self,
        call: Callable[Parameters, Kind],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Kind:
        """Calls storage: a disk at once, because a thread's hop takes longer than a small file."""
        if isinstance(await self._opened(), LocalFileSystem):
            return call(*args, **kwargs)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: call(*args, **kwargs))

    async def _opened(self) -> WritableFileSystem:
        if self._storage is None:
            storage = await aget_default_result_storage()
            self._storage = _Disk.of(storage) if isinstance(storage, LocalFileSystem) else storage
            # Else it would look for the storage itself, and in a thread, by other settings.
            self._store.result_storage = self._storage
        return self._storage


async def keep_or_tell(name: str, keeping: Coroutine[Any, Any, None]) -> None:
    """Keeps something for later, to its end; where storage fails, this run still has it.

    Args:
        name: of the conversation or reply, for the log.
        keeping: one of the calls above, not awaited yet.
    """

    async def keep() -> None:
        try:
            await keeping
        except Exception as error:
            get_run_logger().warning(
                "%s could not be kept in Prefect's result storage, so a Retry would ask for it "
                "again: %r",
                name,
                error,
            )

    await to_its_end(keep())


def _folder_of(storage: WritableFileSystem) -> UPath | None:
    if isinstance(storage, LocalFileSystem) and storage.basepath:
        return UPath(Path(storage.basepath).expanduser())
    if isinstance(storage, RemoteFileSystem):
        folder: UPath = UPath(storage.basepath, **storage.settings)
        return folder
    return None


def _is_same_place(one: str, other: str) -> bool:
    """Compares outputs: an evaluation may have been given the path that a run's event says."""
    places = {without_credentials(located(output).absolute()) for output in (one, other)}
    return len(places) == 1


def _draft_key(job: Job) -> str:
    return f"{job.key}-draft"


def _mark_key(version: str) -> str:
    return f"{version}/run"
