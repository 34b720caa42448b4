"""From a source to seeds: reads real conversations, redacts them, groups them, chooses seeds."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from upath import UPath

from duologue.errors import UsageError
from duologue.mining.choosing import Covered, choose, covered
from duologue.mining.executions import Execution
from duologue.mining.files import output_path, write_mined
from duologue.mining.grouping import group
from duologue.mining.paging import Progress, forget, read_executions, reading_of
from duologue.mining.redaction import Redactor
from duologue.progress import Progress as RunProgress
from duologue.progress import watch_progress
from duologue.settings.mining import MiningSettings
from duologue.settings.participants import CallSettings
from duologue.storage.files import located
from duologue.traffic.candidates import RealConversation, candidates_of
from duologue.validation.corpus import without_stop_token
from duologue.validation.transcripts import TRANSCRIPT_FORMATS, Transcript, read_transcripts

Show = Callable[[Progress], None]

CONVERSATIONS_BETWEEN_LOOKS = 100
"""How often the progress is shown."""


@dataclass(frozen=True, slots=True)
class Mined:
    """What was found and chosen; counts only, no text."""

    source: str
    output: str
    executions: int
    """Executions read; 0 for a transcript file."""
    unreadable: int
    """Executions or transcripts that show no message of a user."""
    synthetic: int
    """Executions or transcripts that Duologue made, and that were left out."""
    conversations: int
    different: int
    """Openings after near-duplicates were merged."""
    seeds: int
    coverage: Covered
    replaced: dict[str, int]
    """Values of personal data that were replaced, by kind."""


async def mine(
    source: str,
    output: str,
    settings: MiningSettings,
    *,
    overwrite: bool = False,
    call: CallSettings = CallSettings(),
    show: Show = lambda _: None,
) -> Mined:
    """Mines seeds from a Workflow Deployment's executions or from a transcript file.

    Args:
        source: the name or id of a Workflow Deployment; or a transcript file, a path or a URL.
        output: the seed file to write, a .csv file. `real_conversations.jsonl` is written next to
            it.
        settings: what to read, to replace and to choose.
        overwrite: whether files that are there may be replaced.
        call: deadlines and retries of a request to Vellum.
        show: is called after each page of executions.

    Raises:
        UsageError: the source cannot be read or holds no conversation of a real user, or the output
            cannot be written. Then nothing is written.
    """
    path = output_path(output, overwrite)
    pages = path.parent / f".{path.stem}.mining"
    if is_file(source):
        executions: list[Execution] = []
        conversations, unreadable, synthetic = _from_file(source)
    else:
        reading = reading_of(source, settings)
        executions = await read_executions(reading, settings, pages, call, show)
        unreadable = sum(not one.is_readable for one in executions)
        synthetic = sum(one.is_synthetic for one in executions)
        with _forgetting(pages):
            conversations = _from_executions(source, executions, settings)
    redactor = Redactor(settings)
    candidates = candidates_of(_redacted(conversations, redactor, source))
    if not candidates:
        raise UsageError(f"{source}: no conversation opens with text, so there is nothing to mine")
    chosen = choose(candidates, settings)
    write_mined(path, chosen, candidates)
    forget(pages)
    return Mined(
        source=source,
        output=output,
        executions=len(executions),
        unreadable=unreadable,
        synthetic=synthetic,
        conversations=len(conversations),
        different=len(candidates),
        seeds=len(chosen),
        coverage=covered(candidates, chosen),
        replaced=dict(redactor.counts.most_common()),
    )


def _redacted(
    conversations: Sequence[RealConversation], redactor: Redactor, source: str
) -> list[RealConversation]:
    """Redacts conversations, and shows how far it has got and what comes next."""
    watch, total = watch_progress.get(), len(conversations)
    progress = RunProgress(source, total, doing="redacting", of="conversations")
    redacted: list[RealConversation] = []
    for one in conversations:
        if len(redacted) % CONVERSATIONS_BETWEEN_LOOKS == 0:
            watch(progress)
        redacted.append(redactor.redacted(one))
        progress.succeeded += 1
    progress.doing = "grouping and choosing"
    watch(progress)
    return redacted


@contextmanager
def _forgetting(pages: UPath) -> Iterator[None]:
    """Removes the stored pages if nothing in them can be mined, so that a later run reads again."""
    try:
        yield
    except UsageError:
        forget(pages)
        raise


def is_file(source: str) -> bool:
    """Checks whether a source is a file: it exists, or is named like one of transcripts."""
    suffixes = UPath(source).suffixes if "://" not in source else [source]
    return (
        "://" in source
        or any(suffix.lower() in TRANSCRIPT_FORMATS for suffix in suffixes)
        or Path(source).is_file()
    )


def _from_executions(
    source: str, executions: Sequence[Execution], settings: MiningSettings
) -> list[RealConversation]:
    tag = f" with the release tag {settings.release_tag}" if settings.release_tag else ""
    if not executions:
        raise UsageError(
            f"{source}: has no executions{tag} in the last {settings.since}; set --since to a "
            "longer time, or check the name and the release tag"
        )
    real = [one for one in executions if not one.is_synthetic]
    if not real:
        raise UsageError(
            f"{source}: all {len(executions)} executions{tag} in the last {settings.since} are "
            "Duologue's own; set --since to a longer time, or name a deployment with real users"
        )
    if not any(one.is_readable for one in real):
        raise UsageError(
            f"{source}: none of its {len(real)} executions has an input or output with the chat "
            "history, or an input with the user's message; name it with history_input or "
            "message_input"
        )
    return group(executions)


def _from_file(source: str) -> tuple[list[RealConversation], int, int]:
    located(source)
    transcripts, _ = without_stop_token(read_transcripts(source))
    kinds: Counter[str] = Counter()
    found: list[RealConversation] = []
    for transcript in transcripts:
        kind = _kind(transcript)
        kinds[kind] += 1
        if kind == "real":
            found.append(_real(transcript))
    if not found:
        reason = (
            "all of them were made by Duologue"
            if kinds["synthetic"]
            else "none of them has a message of a user"
        )
        raise UsageError(
            f"{source}: holds {kinds.total()} conversations, but {reason}; name a file of real ones"
        )
    return found, kinds["unreadable"], kinds["synthetic"]


def _kind(transcript: Transcript) -> str:
    if transcript.unreadable is not None or _first_user(transcript) is None:
        return "unreadable"
    return "real" if transcript.expected.seed_message is None else "synthetic"


def _first_user(transcript: Transcript) -> int | None:
    return next((i for i, one in enumerate(transcript.messages) if one.role == "USER"), None)


def _real(transcript: Transcript) -> RealConversation:
    return RealConversation(
        id=transcript.id,
        messages=transcript.messages[_first_user(transcript) :],
        source_ids=(transcript.id,),
    )
