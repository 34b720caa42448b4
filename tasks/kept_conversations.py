"""What a run keeps of its conversations, beside the results that Prefect caches.

A finished conversation is the cached result of its task, under its job's key in Prefect's result
storage. One that was cut short is a draft, in the same storage under the same key with `-draft`
behind it. The two cannot disagree: what is finished is never begun again, and a draft is never
more than how it began.
"""

from datetime import UTC, datetime
from typing import cast

from prefect.results import ResultStore
from prefect.serializers import JSONSerializer
from prefect.types import DateTime

from duologue.generation import Job
from duologue.simulation import Draft


class KeptConversations:
    """Opens the storage that the tasks' results are in; for one flow run.

    Not Prefect's own `get_result_store`: outside of a task, that one keeps nothing for a flow
    whose result is not persisted.
    """

    def __init__(self) -> None:
        self._store = ResultStore(serializer=JSONSerializer(), cache_result_in_memory=False)

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

    async def forget(self, job: Job) -> None:
        """Sees to it that the next attempt of the run begins the conversation anew.

        Prefect has no way to delete a result, but takes one that has expired for none.
        """
        now = cast(DateTime, datetime.now(UTC))  # Prefect's own type for it has no public maker
        for key in (job.key, _draft_key(job)):
            if await self._store.aexists(key):
                await self._store.awrite(None, key=key, expiration=now)

    async def mark_run(self, version: str) -> None:
        """Leaves a mark that a run of this version keeps its conversations here."""
        await self._store.awrite({"version": version}, key=_run_key(version))

    async def has_run(self, version: str) -> bool:
        """Tells whether a run of this version kept its conversations here."""
        return await self._store.aexists(_run_key(version))


def _draft_key(job: Job) -> str:
    return f"{job.key}-draft"


def _run_key(version: str) -> str:
    return f"{version}/run"
