"""Reads a Workflow Deployment's executions page by page, while new ones arrive.

Executions come newest first, so new ones push the others to higher offsets. Each page overlaps the
one before by a few executions. If it does not, executions were removed, and the page is read again
from a lower offset. What is newer than the start of the reading is left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

from pydantic import AwareDatetime, ValidationError
from upath import UPath

from duologue.errors import ParticipantError, UsageError
from duologue.mining.executions import Execution, newest_first, read_execution
from duologue.participants.error_context import ErrorContext
from duologue.participants.retries import with_retries
from duologue.participants.vellum_deployment import NO_RETRIES, VellumClient, vellum_client
from duologue.participants.vellum_errors import converted, deployment_remedies
from duologue.settings.mining import MiningSettings
from duologue.settings.options import Record
from duologue.settings.participants import CallSettings
from duologue.storage.files import (
    is_local,
    make_folder,
    names_in,
    remove_folder,
    replace_file,
    storage_errors,
)

PAGE_SIZE = 100
OVERLAP = 10
"""Executions that two pages have in common."""
KEPT = timedelta(days=1)
"""How long a reading that was interrupted can be continued."""
_HOURS = {"h": 1, "d": 24, "w": 168}


class Reading(Record):
    """What is read: the bounds stay as they are when an interrupted reading continues."""

    deployment: str
    release_tag: str | None
    since: str
    from_at: AwareDatetime
    until_at: AwareDatetime


class _Page(Record):
    offset: int
    """The offset of the first execution that the next page should not miss."""
    is_last: bool
    executions: tuple[Execution, ...]


@dataclass(slots=True)
class Progress:
    """How far a reading is."""

    executions: int = 0
    continued_from: int = 0
    """Executions that an interrupted reading had stored; 0 if it started from scratch."""


def reading_of(deployment: str, settings: MiningSettings, now: datetime | None = None) -> Reading:
    """Returns what to read, from now back."""
    until = now or datetime.now(UTC)
    number, unit = settings.since[:-1], settings.since[-1]
    return Reading(
        deployment=deployment,
        release_tag=settings.release_tag,
        since=settings.since,
        from_at=until - timedelta(hours=int(number) * _HOURS[unit]),
        until_at=until,
    )


async def read_executions(
    reading: Reading,
    settings: MiningSettings,
    folder: UPath,
    call: CallSettings = CallSettings(),
    show: Callable[[Progress], None] = lambda _: None,
) -> list[Execution]:
    """Reads the executions of a Workflow Deployment, and stores each page as it comes.

    Args:
        reading: what to read. If the folder holds a reading of the same that was interrupted within
            the last day, that one continues, with its own bounds.
        settings: how executions are read.
        folder: where the pages are stored; `forget` removes it. They hold text that is not
            redacted.
        call: deadlines and retries of a request.
        show: is called after each page.

    Returns:
        Each execution once, newest first.

    Raises:
        UsageError: Vellum refused or did not answer.
    """
    reading, pages = _stored(reading, folder)
    found = {one.id: one for page in pages for one in page.executions}
    progress = Progress(len(found), continued_from=len(found))
    if not pages:
        make_folder(folder)
        if is_local(folder):
            Path(folder.path).chmod(0o700)
        replace_file(folder / "reading.json", reading.model_dump_json().encode())
    async with vellum_client(max_concurrency=1) as client:
        while not (pages and pages[-1].is_last):
            page = await _next(client, reading, settings, call, pages, found)
            with storage_errors(f"{folder}: cannot be written to", "; choose another output"):
                name = f"page-{len(pages):06d}.json"
                replace_file(folder / name, page.model_dump_json().encode())
            pages.append(page)
            found |= {one.id: one for one in page.executions}
            progress.executions = len(found)
            show(progress)
    return [one for one in found.values() if _is_wanted(one, reading)]


def forget(folder: UPath) -> None:
    """Removes the stored pages."""
    if folder.exists():
        remove_folder(folder)


def _is_wanted(one: Execution, reading: Reading) -> bool:
    return reading.from_at <= one.started_at <= reading.until_at and reading.release_tag in (
        None,
        one.release_tag,
    )


async def _next(
    client: VellumClient,
    reading: Reading,
    settings: MiningSettings,
    call: CallSettings,
    pages: list[_Page],
    found: dict[str, Execution],
) -> _Page:
    """Reads the page that follows those known."""
    offset = max(pages[-1].offset - OVERLAP, 0) if pages else 0
    while True:
        count, executions = await _listed(client, reading, settings, call, offset)
        if not found or not offset or any(one.id in found for one in executions):
            break
        offset = max(offset - PAGE_SIZE + OVERLAP, 0)
    reached = offset + len(executions)
    is_old = (
        newest_first(executions) and executions[:1] and executions[0].started_at < reading.from_at
    )
    return _Page(
        offset=reached,
        is_last=not executions or reached >= count or bool(is_old),
        executions=tuple(one for one in executions if one.id not in found),
    )


async def _listed(
    client: VellumClient,
    reading: Reading,
    settings: MiningSettings,
    call: CallSettings,
    offset: int,
) -> tuple[int, list[Execution]]:
    wording = ErrorContext(
        reading.deployment,
        client.default_url,
        [client.api_key],
        private=(),
        remedies=deployment_remedies("Workflow", "may list this Workflow Deployment's executions"),
    )
    request = partial(
        client.sdk.workflow_deployments.list_workflow_deployment_event_executions,
        quote(reading.deployment, safe=""),
        limit=PAGE_SIZE,
        offset=offset,
        ordering="-timestamp",
        request_options=NO_RETRIES,
    )
    try:
        page, _ = await with_retries(
            lambda: converted(request, wording),
            call,
            f"{reading.deployment}: Vellum",
            client.account,
        )
    except ParticipantError as error:
        failure = str(error)
    else:
        return page.count, [read_execution(one, settings) for one in page.results]
    raise UsageError(failure)


def _stored(reading: Reading, folder: UPath) -> tuple[Reading, list[_Page]]:
    """Returns the reading that the folder holds, if it is of the same, and its pages."""
    with storage_errors(f"{folder}: cannot be read", "; remove it, or choose another output"):
        names = sorted(names_in(folder)) if folder.exists() else []
        try:
            earlier = Reading.model_validate_json((folder / "reading.json").read_bytes())
            same = earlier.model_copy(
                update={"from_at": reading.from_at, "until_at": reading.until_at}
            )
            if same == reading and reading.until_at - earlier.until_at < KEPT:
                files = [folder / name for name in names if name.startswith("page-")]
                return earlier, [_Page.model_validate_json(one.read_bytes()) for one in files]
        except (FileNotFoundError, ValidationError):
            pass  # nothing there, or a page that a power cut damaged
        if names:
            remove_folder(folder)
    return reading, []
