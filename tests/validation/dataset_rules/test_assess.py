"""What the dataset rules report, and how severe it is."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from duologue.settings.rules import DatasetRuleSettings, Severity
from duologue.validation.dataset_rules.assess import MAX_FINDINGS, MAX_IDS, assess
from duologue.validation.dataset_rules.conversation import DatasetConversation
from tests.validation.dataset_rules.chance import night
from tests.validation.dataset_rules.test_canned_replies import SORRY, outage


def copied(members: list[DatasetConversation], times: int) -> list[DatasetConversation]:
    """Each of these so many times more, of other seeds."""
    return [
        replace(
            member, conversation_id=f"copy {n} of {member.conversation_id}", seed_message=str(n)
        )
        for member in members
        for n in range(times)
    ]


def test_a_good_dataset_gives_no_findings() -> None:
    assert assess(night(1, 100)).findings == ()


def test_findings_are_warnings_and_name_the_conversations() -> None:
    members = night(1, 100)
    (finding,) = assess([*members, *copied(members[:1], 3)]).findings
    assert (finding.rule, finding.severity) == ("near_duplicates", Severity.WARNING)
    assert finding.conversation_ids[:2] == ("s0-1", "copy 0 of s0-1")
    assert finding.detail == (
        "4 conversations of different seeds are nearly the same; 3.9% of all are like another"
    )


def test_a_pair_among_many_is_no_finding_and_is_measured_all_the_same() -> None:
    members = night(1, 300)
    quality = assess([*members, *copied(members[:1], 1)])
    assert quality.findings == ()
    assert quality.measures["near_duplicate_share"].value == pytest.approx(2 / 301, rel=1e-3)


def test_an_outage_is_reported_in_counts_and_never_in_words() -> None:
    (finding,) = assess(outage(0.5, SORRY, SORRY, SORRY)).findings
    assert finding.rule == "canned_reply"
    assert finding.detail.startswith("one reply of 15 words is given in 50 of 100 conversations")
    assert "trouble" not in finding.detail


def test_findings_and_their_ids_stay_few() -> None:
    members = night(1, 60)
    findings = assess(copied(members, 3)).findings
    assert len(findings) == MAX_FINDINGS
    (one,) = assess(copied(members[:1], MAX_IDS + 5)).findings[:1]
    assert len(one.conversation_ids) == MAX_IDS


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        ({}, Severity.WARNING),
        ({"drift": "invalid"}, Severity.INVALID),
        ({"drift": "off"}, None),
        ({"drift": "off", "drift:turns": "invalid"}, Severity.INVALID),
        ({"drift": "invalid", "drift:turns": "off"}, None),
        ({"drift:latency_ms": "off"}, Severity.WARNING),
    ],
)
def test_the_severity_of_a_measures_drift_is_its_own_or_that_of_all(
    severities: dict[str, str], expected: Severity | None
) -> None:
    settings = DatasetRuleSettings.model_validate({"severities": severities})
    assert settings.severity("drift:turns") is expected


def test_a_rule_that_is_off_finds_nothing() -> None:
    off = DatasetRuleSettings(severities={"canned_reply": "off"})
    assert assess(outage(0.5, SORRY, SORRY, SORRY), settings=off).findings == ()


@pytest.mark.parametrize("name", ["echo", "drift:", "drift:words", "canned_reply:x"])
def test_a_rule_that_does_not_exist_is_reported_with_those_that_do(name: str) -> None:
    with pytest.raises(
        ValidationError, match="there are near_duplicates, canned_reply, drift, and"
    ):
        DatasetRuleSettings(severities={name: "off"})
