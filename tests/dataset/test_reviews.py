"""What people decide, stored with a dataset and measured: on a disk, in memory and on S3."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from upath import UPath

from duologue.dataset.contents import DatasetContents
from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.errors import UsageError
from duologue.reliability.decisions import DecisionsFile, read_decisions, text_digest
from duologue.reliability.markdown import shown
from duologue.reliability.measuring import (
    Reliability,
    SignalReliability,
    VersionReliability,
)
from duologue.settings.rules import Severity
from duologue.versions.measured import newest_reliability, reliability_of
from duologue.versions.places import DatasetFolder, Version
from duologue.versions.reliability import measure_version
from duologue.versions.reviews import add_decisions, read_reviewers
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION
from tests.dataset.reviewing import conversation, echo, of, sound

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
OTHER_VERSION = "20261125T053516123Z-1a2b3c4d"
ECHO = "user_echoes_assistant"


def shop() -> DatasetContents:
    """2 echoes and 6 sound conversations."""
    return of(*(echo(n) if n < 2 else sound(n) for n in range(8)))


@pytest.fixture
def version(output: str) -> Version:
    return write_version(DatasetFolder(output, "shop"), VERSION, shop())


def decided(
    contents: DatasetContents,
    broken: dict[int, bool],
    reviewer: str = "Anna",
    hours: int = 0,
    **different: Any,
) -> DecisionsFile:
    """The file that a reviewer downloads who decides this, by the seed's number."""
    by_id = {item.conversation.conversation_id: item for item in contents.checked}
    decisions = [
        {
            "conversation_id": f"s{n}-1",
            "text_sha256": text_digest(by_id[f"s{n}-1"].conversation.messages),
            "broken": is_broken,
            "kinds": ["echo"] if is_broken else [],
            "message_index": 2 if is_broken else None,
            "decided_at": NOW + timedelta(hours=hours),
            "stratum": "rest" if by_id[f"s{n}-1"].is_valid else "flagged",
            "inclusion_probability": 0.5,
            "weight": 2,
        }
        for n, is_broken in broken.items()
    ]
    return DecisionsFile.model_validate(
        {
            "format": "duologue-review",
            "format_version": 1,
            "dataset": "shop",
            "version": VERSION,
            "revision": 1,
            "reviewer": reviewer,
            "downloaded_at": NOW,
            "strata": [],
            "decisions": decisions,
            **different,
        }
    )


def signal(measured: VersionReliability, name: str) -> SignalReliability:
    (found,) = [row for row in measured.reliability.signals if row.name == name]
    return found


def estimates(row: SignalReliability) -> list[float]:
    """Precision and recall."""
    return [each.estimate for each in (row.precision, row.recall) if each is not None]


def test_figures_weigh_each_conversation_as_its_stratum_says(version: Version) -> None:
    # Flagged: 1 of 2 reviewed, stands for 2. The rest: 3 of 6 reviewed, each stands for 2.
    file = decided(shop(), {0: True, 2: False, 3: True, 4: False})
    add_decisions(version, {"a.json": file})
    measured = measure_version(version)
    assert estimates(signal(measured, ECHO)) == pytest.approx([1, 2 / 4], abs=1e-12)
    # Then also the other flagged one, which is sound: flagged ones stand for themselves.
    add_decisions(version, {"b.json": decided(shop(), {1: False})})
    measured = measure_version(version)
    assert estimates(signal(measured, ECHO)) == pytest.approx([1 / 2, 1 / 3], abs=1e-12)
    strata = {s.stratum: (s.conversations, s.reviewed) for s in measured.reliability.strata}
    assert strata == {"flagged": (2, 2), "rest": (6, 3)}
    details = {item.conversation_id: item.between for item in measured.reliability.disagreements}
    assert details == {"s1-1": "people_and_rules", "s3-1": "people_and_rules"}


def test_merging_again_changes_nothing(version: Version) -> None:
    file = decided(shop(), {0: True, 2: False})
    add_decisions(version, {"a.json": file})
    once = measure_version(version)
    add_decisions(version, {"a.json": file, "b.json": file})
    assert measure_version(version) == once
    assert reliability_of(version.folder) == once
    page = version.dataset.folder / "reviews" / VERSION / "reliability.md"
    assert f"| rule | {ECHO} | invalid | 1 | 100.0 % (" in page.read_text()


def test_a_newer_decision_of_a_reviewer_replaces_the_older(version: Version) -> None:
    for hours, broken in [(0, True), (2, False), (1, True)]:
        add_decisions(version, {"a.json": decided(shop(), {0: broken}, hours=hours)})
    (record,) = read_reviewers(version.dataset)
    assert [item.broken for item in record.decisions] == [False]


def test_the_next_version_shows_what_was_measured_last(version: Version) -> None:
    before = (version.folder / "report.html").read_text()
    assert '<th scope="col" class="number">precision</th>' not in before
    add_decisions(version, {"a.json": decided(shop(), {0: True, 1: False, 2: False, 3: True})})
    measured = measure_version(version)
    later = write_version(version.dataset, OTHER_VERSION, shop())
    assert reliability_of(later.folder) == measured, "its own conversations are not reviewed"
    page = (later.folder / "report.html").read_text()
    row = signal(measured, ECHO)
    assert row.precision is not None
    assert f'<td class="number">{shown(row.precision)}</td>' in page
    assert f'<td class="number">{shown(row.recall)}</td>' in page
    assert f"measured on the 4 conversations of <bdi>{VERSION}</bdi>" in page


def test_a_changed_file_of_figures_stops_no_version(version: Version) -> None:
    add_decisions(version, {"a.json": decided(shop(), {0: True, 2: False})})
    measured = measure_version(version)
    broken = version.dataset.folder / "reviews" / OTHER_VERSION / "reliability.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{}")
    assert newest_reliability(version.dataset.folder) == measured
    later = write_version(version.dataset, OTHER_VERSION, shop())
    with pytest.raises(UsageError, match=f"`duologue review {OTHER_VERSION}` writes it again"):
        reliability_of(later.folder)


def test_two_reviewers_are_compared(version: Version) -> None:
    anna = decided(shop(), {0: True, 2: False, 3: True, 4: False})
    ben = decided(shop(), {0: True, 2: False, 3: False, 5: False}, "Ben")
    add_decisions(version, {"a.json": anna, "b.json": ben})
    measured = measure_version(version).reliability
    assert measured.reviewers == {"Anna": 4, "Ben": 4}
    (agreement,) = measured.agreements
    # 2 of 3 agreed; by chance 2/3 x 1/3 + 1/3 x 2/3 = 4/9.
    assert agreement.kappa == pytest.approx(0.4, abs=1e-12)
    # Half of s3 is broken: flagged 2, the rest 4 reviewed of 6, each 1.5.
    assert measured.broken is not None
    assert measured.broken.estimate == pytest.approx((2 + 0.75) / 8, abs=1e-12)


def test_names_that_look_alike_as_files_stay_apart(version: Version) -> None:
    for name in ("Anna", "anna", "Änna", "李"):
        add_decisions(version, {"a.json": decided(shop(), {0: True}, name)})
    assert sorted(record.reviewer for record in read_reviewers(version.dataset)) == sorted(
        ["Anna", "anna", "Änna", "李"]
    )


def test_what_was_simulated_again_loses_its_decision_and_says_so(version: Version) -> None:
    add_decisions(version, {"a.json": decided(shop(), {0: True, 2: False})})
    again = of(conversation(0, "A lamp?", "We have some.", "I take one."), *shop().checked[1:])
    second = write_version(version.dataset, VERSION, again)
    measured = measure_version(second)
    assert (measured.revision, measured.simulated_again) == (2, ("s0-1",))
    assert measured.reliability.reviewed == 1
    (unreviewed,) = [s for s in measured.reliability.strata if not s.reviewed]
    assert (unreviewed.stratum, unreviewed.conversations) == ("flagged", 1)
    assert measure_version(version).reliability.reviewed == 2, "revision 1 is as it was"


def test_the_same_text_in_another_version_keeps_its_decision(version: Version) -> None:
    add_decisions(version, {"a.json": decided(shop(), {0: True, 2: False})})
    other = write_version(version.dataset, OTHER_VERSION, shop())
    measured = measure_version(other)
    assert (measured.simulated_again, measured.reliability.reviewed) == ((), 2)


@pytest.mark.parametrize(
    ("different", "reason"),
    [
        (
            {"version": OTHER_VERSION},
            rf"a\.json: is about shop {OTHER_VERSION}, not shop {VERSION}",
        ),
        ({"dataset": "other"}, rf"a\.json: is about other {VERSION}"),
    ],
)
def test_decisions_about_another_version_are_refused(
    version: Version, different: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        add_decisions(version, {"a.json": decided(shop(), {0: True}, **different)})
    assert read_reviewers(version.dataset) == []


def test_an_unknown_conversation_is_refused_and_nothing_is_stored(version: Version) -> None:
    more = of(*shop().checked, sound(9))
    good, bad = decided(shop(), {0: True}), decided(more, {2: False, 9: True})
    with pytest.raises(UsageError, match=r"bad\.json: decides on 's9-1', which shop .* not have"):
        add_decisions(version, {"good.json": good, "bad.json": bad})
    assert read_reviewers(version.dataset) == []


def test_a_version_that_nobody_reviewed_says_how_to(version: Version) -> None:
    with pytest.raises(UsageError, match=r"none of its conversations is reviewed; press R in"):
        measure_version(version)
    assert reliability_of(version.folder) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "the whole file: Input should be an object"),
        ("{", "the whole file: Invalid JSON"),
        ('{"format": "other"}', "format: Input should be 'duologue-review'"),
    ],
)
def test_what_is_no_file_of_decisions_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "d.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=rf"d\.json: is not a file of decisions: {reason}"):
        read_decisions(UPath(path))
    with pytest.raises(UsageError, match=r"no\.json: not found"):
        read_decisions(UPath(tmp_path / "no.json"))


def with_verdicts(version: Version, verdicts: Sequence[Sequence[dict[str, Any]]]) -> None:
    """Adds the column that judges fill to a version's conversations."""
    kind = pa.list_(
        pa.struct(
            [
                ("judge", pa.string()),
                ("criterion", pa.string()),
                ("passed", pa.bool_()),
                ("severity", pa.string()),
            ]
        )
    )
    path = version.folder / CONVERSATIONS_FILE
    with path.open("rb") as file:
        table = pq.read_table(file)
    with path.open("wb") as file:
        place = table.schema.get_field_index("verdicts")
        pq.write_table(table.set_column(place, "verdicts", pa.array(verdicts, kind)), file)


def test_verdicts_of_judges_are_measured_and_make_a_conversation_flagged(version: Version) -> None:
    passes = [{"judge": "j", "criterion": "goal_reached", "passed": True, "severity": "warning"}]
    fails = [{"judge": "j", "criterion": "goal_reached", "passed": False, "severity": "warning"}]
    with_verdicts(version, [fails, passes, passes, fails, [], []])  # of s2 to s7
    add_decisions(
        version, {"a.json": decided(shop(), {0: True, 2: True, 3: True, 4: False, 5: False})}
    )
    measured = measure_version(version)
    strata = {s.stratum: (s.conversations, s.reviewed) for s in measured.reliability.strata}
    assert strata == {"flagged": (4, 3), "rest": (4, 2)}
    row = signal(measured, "goal_reached")
    assert (row.source, row.severity, row.found) == ("judge", Severity.WARNING, 2)
    # Flagged ones stand for 4/3 each, the others for 2: s2 is right, s5 is not, s3 is missed.
    expected = [1 / 2, (4 / 3) / (4 / 3 + 2)]
    assert estimates(row) == pytest.approx(expected, abs=1e-12)


def test_what_is_written_is_plain_json(version: Version) -> None:
    add_decisions(version, {"a.json": decided(shop(), {0: True, 2: False})})
    measured = measure_version(version)
    folder = version.dataset.folder / "reviews"
    value = json.loads((folder / VERSION / "reliability.json").read_bytes())
    assert Reliability.model_validate(value["reliability"]) == measured.reliability
    assert len(list((folder / "decisions").iterdir())) == 1
