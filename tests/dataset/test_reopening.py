"""A version read back from its own files is what its run made, or it is said why not."""

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from upath import UPath

from duologue.conversation.messages import Conversation, EndReason, Message, Role
from duologue.conversation.usage import Usage
from duologue.dataset.contents import DatasetContents
from duologue.errors import UsageError
from duologue.seeds import RejectedRow, Seed, SeedFile
from duologue.settings.participants import ParticipantSettings
from duologue.settings.run import RunSettings, SimulationSettings
from duologue.simulation import Draft, FailedSeed
from duologue.validation.check import CheckedConversation, check_conversation
from duologue.versions.places import DatasetFolder, read_version
from duologue.versions.reading import read_contents
from duologue.versions.writing import write_version
from tests.dataset.before_usage import write_version_as_before_usage
from tests.dataset.making import VERSION, everything_that_can_happen

TURNS = 2
SETTINGS = SimulationSettings(turns=TURNS)

# What is valid is written to Parquet and CSV, which cannot hold everything.
WRITABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
ANYTHING = st.text(st.characters(), max_size=30)  # half surrogate pairs, NUL and all
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))
CALLS = st.one_of(st.none(), st.integers(1, 10_000))
USAGES = st.one_of(
    st.none(),
    st.builds(
        Usage,
        st.none() | st.integers(0, 2**40),
        st.none() | st.integers(0, 2**40),
        st.floats(0, 1e6),
        st.lists(st.sampled_from(["gpt-4o", "é"]), unique=True).map(tuple),
    ),
)


def made_messages(texts: list[str], calls: list[int | None]) -> list[Message]:
    return [
        Message(
            role=Role.ASSISTANT if index % 2 else Role.USER,
            text=text,
            execution_id=f"execution-{call}" if call else None,
            latency_ms=call,
            attempts=call,
        )
        for index, (text, call) in enumerate(zip(texts, calls, strict=True))
    ]


@st.composite
def outcomes(draw: st.DrawFn, seed: Seed, sample: int) -> CheckedConversation | FailedSeed:
    """What may become of a seed: anything that fails, or that talks well or badly."""
    kind = draw(st.sampled_from(["failed", "good", "any"]))
    if kind == "good":
        said = [
            f"Tell me more of point {n} please." for n in draw(st.permutations(range(2 * TURNS)))
        ]
    else:
        said = draw(st.lists(ANYTHING, max_size=2 * TURNS))
    texts = [seed.message, *said]
    calls = draw(st.lists(CALLS, min_size=len(texts), max_size=len(texts)))
    messages, started_at = made_messages(texts, calls), draw(TIMES)
    messages = [replace(message, usage=draw(USAGES)) for message in messages]
    if kind == "failed":
        draft = Draft(
            messages=messages,
            started_at=started_at,
            user_has_ended=draw(st.booleans()),
            attempts=draw(st.integers(0, 9)),
            usage=draw(USAGES),
        )
        return FailedSeed(seed, sample, "TransientError", draw(ANYTHING), draft)
    conversation = Conversation(
        conversation_id=f"{seed.seed_id}-{sample}",
        seed_id=seed.seed_id,
        sample=sample,
        messages=tuple(messages),
        end_reason=draw(st.sampled_from(EndReason)) if kind == "any" else EndReason.MAX_TURNS,
        started_at=started_at,
        ended_at=started_at + draw(st.timedeltas(timedelta(0), timedelta(days=1))),
        attempts=draw(st.integers(1, 9)),
        usage=draw(USAGES),
    )
    checked = check_conversation(conversation, seed, SETTINGS)
    if checked.is_valid and any(not _writable(text) for text in said):
        return FailedSeed(
            seed, sample, "ValueError", "", Draft(messages=messages, started_at=started_at)
        )
    return checked


def _writable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


@st.composite
def whole_runs(draw: st.DrawFn) -> DatasetContents:
    samples = draw(st.integers(1, 3))
    ids = draw(st.lists(WRITABLE.map(lambda text: text[:200]), max_size=4, unique=True))
    context = st.dictionaries(WRITABLE, WRITABLE, max_size=2)
    seeds = [Seed(seed_id=name, message=draw(WRITABLE), context=draw(context)) for name in ids]
    made = [draw(outcomes(seed, sample)) for seed in seeds for sample in range(1, samples + 1)]
    rejected = st.builds(RejectedRow, st.just("seeds.csv"), st.integers(1, 10**9), WRITABLE)
    return DatasetContents(
        seed_file=SeedFile(
            path="seeds.csv",
            sha256="0" * 64,
            columns_note=draw(WRITABLE),
            seeds=tuple(seeds),
            rejected=tuple(draw(st.lists(rejected, max_size=2))),
        ),
        checked=tuple(item for item in made if isinstance(item, CheckedConversation)),
        failed=tuple(item for item in made if isinstance(item, FailedSeed)),
        settings=RunSettings(
            chatbot=ParticipantSettings(reference="support-bot@production"),
            simulated_user=ParticipantSettings(reference="local:duologue.workflows.simulated_user"),
            simulation=SETTINGS,
            conversations_per_seed=samples,
        ),
        started_at=draw(TIMES),
    )


@given(made=whole_runs())
def test_whatever_a_run_made_comes_back_equal(made: DatasetContents) -> None:
    output = f"memory://{uuid.uuid4()}"
    written = write_version(DatasetFolder(output, "shop"), VERSION, made)
    assert read_version(written.folder) == written
    assert read_contents(written) == made
    for kind, items in (("valid", made.valid), ("invalid", made.invalid), ("failed", made.failed)):
        event(f"{kind}: {'some' if items else 'none'}")


def a_run() -> DatasetContents:
    """Two samples of three seeds, of each kind one next to another, so that their order shows."""
    seeds = [
        Seed(seed_id=f"s{n}", message=f"Question {n}?", context={"n": str(n)}) for n in range(3)
    ]
    good = [f"Tell me more of point {n} please." for n in range(2 * TURNS)]
    made: list[CheckedConversation | FailedSeed] = []
    for index, (seed, sample) in enumerate((seed, n) for seed in seeds for n in (1, 2)):
        texts = [seed.message, *(good if index % 3 == 1 else [""] * 2 * TURNS)]
        messages, at = made_messages(texts, [None] * len(texts)), datetime(2026, 11, 24, tzinfo=UTC)
        if index % 3 == 0:
            draft = Draft(messages=messages[:2], started_at=at)
            made.append(FailedSeed(seed, sample, "TransientError", "HTTP 503", draft))
        else:
            conversation = Conversation(
                conversation_id=f"{seed.seed_id}-{sample}",
                seed_id=seed.seed_id,
                sample=sample,
                messages=tuple(messages),
                end_reason=EndReason.MAX_TURNS,
                started_at=at,
                ended_at=at,
            )
            made.append(check_conversation(conversation, seed, SETTINGS))
    return DatasetContents(
        seed_file=SeedFile("seeds.csv", "0" * 64, "A note.", tuple(seeds), ()),
        checked=tuple(item for item in made if isinstance(item, CheckedConversation)),
        failed=tuple(item for item in made if isinstance(item, FailedSeed)),
        settings=RunSettings(
            chatbot=ParticipantSettings(reference="support-bot"),
            simulated_user=ParticipantSettings(reference="simulated-user"),
            simulation=SETTINGS,
            conversations_per_seed=2,
        ),
        started_at=datetime(2026, 11, 24, tzinfo=UTC),
    )


def test_valid_invalid_and_failed_conversations_come_back_in_their_order(output: str) -> None:
    made = a_run()
    assert (len(made.valid), len(made.invalid), len(made.failed)) == (2, 2, 2)
    write_version(DatasetFolder(output, "shop"), VERSION, made)
    assert (
        read_contents(read_version(DatasetFolder(output, "shop").revision_folder(VERSION))) == made
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, a_run())
    return tmp_path / "shop" / VERSION


def reopened(folder: Path) -> DatasetContents:
    return read_contents(read_version(UPath(folder)))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("manifest.json", "not found"),
        ("failures.jsonl", "cannot be read: no such file"),
        ("conversations.parquet", "not found"),
    ],
)
def test_a_missing_file_is_reported(folder: Path, name: str, told: str) -> None:
    (folder / name).unlink()
    with pytest.raises(UsageError, match=f"{name}: {told}"):
        reopened(folder)


@pytest.mark.parametrize("name", ["conversations.csv", "test_suite.csv", "failures.csv"])
def test_what_other_programs_read_is_not_needed(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert reopened(folder) == a_run()


def without_a_line(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))


def with_a_line_twice(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data + data.splitlines(keepends=True)[0])


def with_another_position(path: Path) -> None:
    first, *others = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(
        json.dumps(json.loads(first) | {"position": 6}).encode() + b"\n" + b"".join(others)
    )


def without_a_row(path: Path) -> None:
    pq.write_table(pq.read_table(path).slice(1), path)


def with_rows_twice(path: Path) -> None:
    table = pq.read_table(path)
    with pq.ParquetWriter(path, table.schema) as file:
        file.write(table)
        file.write(table)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("failures.jsonl", without_a_line),
        ("failures.jsonl", with_another_position),
        ("failures.jsonl", with_a_line_twice),
        ("conversations.parquet", without_a_row),
        ("conversations.parquet", with_rows_twice),
    ],
)
def test_files_that_do_not_add_up_are_reported(
    folder: Path, name: str, change: Callable[[Path], None]
) -> None:
    change(folder / name)
    with pytest.raises(UsageError, match=r"do not add up to the 6 conversations of its manifest"):
        reopened(folder)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{", "holds a line that is not JSON"),
        (b"\xff\n", "holds a line that is not JSON"),
        (b"\n", "holds a line that is not JSON"),
        (b"[]\n", "was not written by this Duologue, or was changed"),
        (b'{"kind": "lost_seed"}\n', "was not written by this Duologue, or was changed"),
        (b'{"kind": "rejected_row"}\n', r"was changed: rejected_row\.file: Field required"),
    ],
)
def test_a_line_that_is_no_failure_is_reported(folder: Path, line: bytes, told: str) -> None:
    with (folder / "failures.jsonl").open("ab") as file:
        file.write(line)
    with pytest.raises(UsageError, match=rf"failures\.jsonl: .*{told}"):
        reopened(folder)


def test_a_foreign_parquet_file_is_reported(folder: Path) -> None:
    (folder / "conversations.parquet").write_bytes(b"PAR1")
    with pytest.raises(UsageError, match="is not a complete Parquet file"):
        reopened(folder)


def test_files_of_another_version_are_reported(folder: Path, tmp_path: Path) -> None:
    """Two versions of the same size: the samples of one seed cannot be those of another."""
    other = a_run()
    write_version(DatasetFolder(str(tmp_path), "bank"), VERSION, other)
    lines = (tmp_path / "bank" / VERSION / "failures.jsonl").read_bytes()
    lines = lines.replace(b'"seed_id": "s0"', b'"seed_id": "x0"')
    (folder / "failures.jsonl").write_bytes(lines)
    with pytest.raises(UsageError, match="one of them was changed"):
        reopened(folder)


def test_a_version_from_before_usage_was_recorded_is_reopened(tmp_path: Path) -> None:
    made = everything_that_can_happen()
    write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, made)
    folder = DatasetFolder(str(tmp_path), "shop").revision_folder(VERSION)
    write_version_as_before_usage(Path(folder.path))
    version = read_version(folder)
    manifest, contents = version.manifest, read_contents(version)
    assert manifest.usage is None
    assert manifest.settings == made.settings
    assert len(contents.checked) == len(made.checked)
    assert {item.conversation.usage for item in contents.checked} == {None}
    assert [item.draft.usage for item in contents.failed] == [None]
