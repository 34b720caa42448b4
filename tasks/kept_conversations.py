"""What a run keeps of its conversations, beside the results that Prefect caches.

A finished conversation is the cached result of its task, under its job's key in Prefect's result
storage. One that was cut short is a draft, in the same storage under the same key with `-draft`
behind it. The two cannot disagree: what is finished is never begun again, and a draft is never
more than how it began.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from prefect.filesystems import LocalFileSystem, RemoteFileSystem
from prefect.results import ResultStore, aget_default_result_storage
from prefect.serializers import JSONSerializer
from prefect.types import DateTime
from upath import UPath

from duologue.dataset.storage import remove_folder
from duologue.dataset.versions import is_version
from duologue.generation import Job
from duologue.simulation import Draft


class KeptConversations:
    """Opens the storage that the tasks' results are in; for one flow run.

    Not Prefect's own `get_result_store`: outside of a task, that one keeps nothing for a flow
    whose result is not persisted.
    """

    def __init__(self) -> None:
        self._store = ResultStore(serializer=JSONSerializer(), cache_result_in_memory=False)

    async def has_finished(self, job: Job) -> bool:
        """Tells whether a finished conversation is kept, which costs nothing any more."""
        return await self._store.aexists(job.key)

    async def draft(self, job: Job) -> Draft | None:
        """Finds what an attempt that was cut short left of a conversation; None if nothing."""
        key = _draft_key(job)
        if not await self._store.aexists(key):
            return None
        draft = (await self._store.aread(key)).result
        return draft if isinstance(draft, Draft) else None

    async def keep(self, job: Job, draft: Draft) -> None:
        """Keeps what there is of a conversation, for the next attempt to go on with."""
        await self._store.awrite(draft, key=_draft_key(job))

    async def keep_if_longer(self, job: Job, draft: Draft) -> None:
        """Keeps a draft that comes from elsewhere, unless as much of it is here already."""
        kept = await self.draft(job)
        if kept is None or len(kept.messages) < len(draft.messages):
            await self.keep(job, draft)

    async def forget(self, job: Job) -> None:
        """Sees to it that the next attempt of the run begins the conversation anew.

        Prefect has no way to delete a result, but takes one that has expired for none.
        """
        now = cast(DateTime, datetime.now(UTC))  # Prefect's own type for it has no public maker
        for key in (job.key, _draft_key(job)):
            if await self._store.aexists(key):
                await self._store.awrite(None, key=key, expiration=now)

    async def mark_run(self, version: str, dataset: str, output: str) -> None:
        """Leaves a mark of which dataset's conversations are kept here under a version."""
        mark = {"dataset": dataset, "output": output}
        await self._store.awrite(mark, key=_mark_key(version))

    async def has_run(self, version: str) -> bool:
        """Tells whether a run of this version kept its conversations here."""
        return await self._store.aexists(_mark_key(version))

    async def remove_runs(
        self, dataset: str, output: str, is_outdated: Callable[[str], bool]
    ) -> None:
        """Removes what runs of a dataset kept, where their version is outdated.

        Prefect has no way to do so, and keeps results for ever. Where they are on neither a disk
        nor behind fsspec but in another kind of block, they stay, for the storage's own rules.
        """
        folder = await _result_folder()
        if folder is None or not folder.is_dir():
            return
        versions = [path.name for path in folder.iterdir() if is_version(path.name)]
        for version in filter(is_outdated, versions):
            if not await self.has_run(version):
                continue
            mark = (await self._store.aread(_mark_key(version))).result
            if mark == {"dataset": dataset, "output": output}:
                remove_folder(folder / version)


async def _result_folder() -> UPath | None:
    storage = await aget_default_result_storage()
    if isinstance(storage, LocalFileSystem) and storage.basepath:
        return UPath(Path(storage.basepath).expanduser())
    if isinstance(storage, RemoteFileSystem):
        folder: UPath = UPath(storage.basepath, **storage.settings)
        return folder
    return None


def _draft_key(job: Job) -> str:
    return f"{job.key}-draft"


def _mark_key(version: str) -> str:
    return f"{version}/run"
