"""Drift: no alarm while the chatbot stays as it is, and one when it does not."""

from collections.abc import Sequence
from random import Random

import pytest

from duologue.settings.rules import MEASURES, DatasetRuleSettings
from duologue.validation.dataset_rules.assess import assess
from duologue.validation.dataset_rules.conversation import DatasetConversation
from duologue.validation.dataset_rules.drift import compared, drifted
from duologue.validation.quality import DatasetQuality, Measure
from tests.validation.dataset_rules.chance import night

CONVERSATIONS = 60


def of_a_night(number: int, earlier: Sequence[DatasetQuality] = ()) -> DatasetQuality:
    """A night as any: calls take up to half as long again as on another, 3 % of the seeds fail."""
    chance = Random(number)
    members = night(number, CONVERSATIONS, speed=chance.lognormvariate(0, 0.25))
    failed = sum(chance.random() < 0.03 for _ in members)
    return assess(members[failed:], failed=failed, earlier=earlier)


def nights(first: int, count: int) -> list[DatasetQuality]:
    made: list[DatasetQuality] = []
    for number in range(first, first + count):
        made.append(of_a_night(number, made))
    return made


EARLIER = nights(0, 14)


@pytest.mark.parametrize("first", [1_000, 2_000, 3_000, 4_000])
def test_thirty_nights_of_the_same_chatbot_raise_no_alarm(first: int) -> None:
    month = nights(first, 30)
    assert [finding for night in month for finding in night.findings] == []
    assert all(night.measures["turns"].low is None for night in month[:5])
    assert all(night.measures["turns"].low is not None for night in month[5:])


@pytest.mark.parametrize("count", [6, 10, 14])
@pytest.mark.parametrize(
    ("measure", "changed"),
    [
        ("user_words_per_message", night(50, CONVERSATIONS, user_words=24)),
        ("latency_ms", night(50, CONVERSATIONS, speed=8)),
        (
            "turns",
            [
                DatasetConversation(m.conversation_id, m.messages[:3])
                for m in night(50, CONVERSATIONS)
            ],
        ),
    ],
    ids=["wordier", "slower", "shorter"],
)
def test_a_change_is_found(measure: str, changed: list[DatasetConversation], count: int) -> None:
    findings = assess(changed, earlier=EARLIER[:count]).findings
    assert f"drift:{measure}" in {finding.rule for finding in findings}


def test_many_failures_are_found_and_fewer_are_good_news() -> None:
    members = night(50, CONVERSATIONS)
    bad = assess(members[20:], failed=20, earlier=EARLIER)
    (finding,) = (f for f in bad.findings if f.rule == "drift:failed_share")
    before = EARLIER[-1].measures["failed_share"].value
    assert finding.detail.startswith("0.3333; expected 0 to 0.")
    assert finding.detail.endswith(f"as in earlier versions, and {before:g} in the one before")
    many_failed = [assess(members[20:], failed=20 + n % 3) for n in range(8)]
    assert "drift:failed_share" not in {
        f.rule for f in assess(members, earlier=many_failed).findings
    }


def with_turns(*values: float) -> list[DatasetQuality]:
    return [DatasetQuality(measures={"turns": Measure(value=value)}) for value in values]


def turns(value: float, *earlier: float, error: float = 0.0) -> Measure:
    return compared({"turns": value}, {"turns": error}, {}, with_turns(*earlier), 7)["turns"]


def test_a_measure_stands_next_to_the_version_before_and_its_band() -> None:
    assert turns(3.04) == Measure(value=3.04)
    assert turns(3.04, 3.0, 3.1) == Measure(value=3.04, before=3.1)
    few = turns(3.04, 3.0, 3.1, 3.0, 2.9, 3.0)
    assert few.model_dump() == pytest.approx(
        {"value": 3.04, "before": 3.0, "low": 2.3, "high": 3.7}
    )


def test_the_band_is_that_of_the_newest_fourteen_versions() -> None:
    old, new = [9.0] * 20, [3.0 + n % 2 / 10 for n in range(14)]
    assert turns(3.0, *old, *new) == turns(3.0, *new)


def test_one_bad_night_among_the_earlier_ones_hides_no_other() -> None:
    usual = [3.0, 3.1, 2.9, 3.0, 3.05, 2.95, 3.0, 3.1]
    measure = turns(1.0, *usual, 1.0)
    assert list(drifted({"turns": measure}))


def test_a_small_dataset_is_not_held_to_a_few_that_were_the_same_by_chance() -> None:
    assert list(drifted({"turns": turns(2.9, *[3.0] * 6)}))
    assert not list(drifted({"turns": turns(2.9, *[3.0] * 6, error=0.05)}))


def test_a_measure_that_is_new_has_no_band() -> None:
    measures = compared({"latency_ms": 5.0}, {}, {}, with_turns(*[3.0] * 6), 7)
    assert measures == {"latency_ms": Measure(value=5.0)}


def test_a_wider_band_is_a_setting() -> None:
    changed = night(50, CONVERSATIONS, user_words=24)
    wide = DatasetRuleSettings(drift_distances=100)
    assert assess(changed, earlier=EARLIER, settings=wide).findings == ()


def test_every_measure_can_drift() -> None:
    measures = {name: Measure(value=2.0, low=0.0, high=1.0) for name in MEASURES}
    assert [name for name, _ in drifted(measures)] == list(MEASURES)
