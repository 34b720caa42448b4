"""Which versions are good enough for `latest`, and what is said of the others."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from duologue.dataset.counts import Counts
from duologue.dataset.gates import reasons_to_hold_back
from duologue.settings.rules import Severity
from duologue.settings.run import Gates
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, checked, contents, everything_that_can_happen, failed

WHATEVER = Gates(max_failed_share=1, max_invalid_share=1)


def counts(valid: int, invalid: int = 0, failed: int = 0) -> Counts:
    total = valid + invalid + failed
    return Counts(
        rows_read=total,
        rejected=0,
        seeds=total,
        conversations=total,
        valid=valid,
        invalid=invalid,
        failed=failed,
    )


@pytest.mark.parametrize("kind", ["failed", "invalid"])
@given(hundredths=st.integers(0, 99), hundreds=st.integers(1, 1000))
@example(hundredths=29, hundreds=1)  # 0.29 * 100 is 28.999999999999996
def test_as_many_as_the_share_allows_pass_and_not_one_more(
    kind: str, hundredths: int, hundreds: int
) -> None:
    most, total = hundredths * hundreds, 100 * hundreds
    gates = WHATEVER.model_copy(update={f"max_{kind}_share": hundredths / 100})
    assert reasons_to_hold_back(counts(total - most, **{kind: most}), gates) == ()
    one_more = reasons_to_hold_back(counts(total - most - 1, **{kind: most + 1}), gates)
    assert len(one_more) == (1 if most + 1 < total else 2)  # none is valid where all of them fail
    assert f"max_{kind}_share allows" in one_more[0]


def test_a_share_of_one_lets_everything_through_and_of_zero_nothing() -> None:
    bad = counts(1, invalid=50, failed=49)
    assert reasons_to_hold_back(bad, WHATEVER) == ()
    nothing = Gates(max_failed_share=0, max_invalid_share=0)
    assert len(reasons_to_hold_back(bad, nothing)) == 2
    assert reasons_to_hold_back(counts(1), nothing) == ()


@pytest.mark.parametrize(("valid", "passes"), [(9, False), (10, True), (11, True)])
def test_as_many_conversations_as_are_requested_are_enough(valid: int, passes: bool) -> None:
    reasons = reasons_to_hold_back(counts(valid), Gates(min_conversations=10))
    assert (reasons == ()) is passes


def test_all_reasons_are_reported_with_their_numbers() -> None:
    gates = Gates(max_failed_share=0.25, max_invalid_share=0.1, min_conversations=50)
    assert reasons_to_hold_back(counts(40, invalid=20, failed=40), gates) == (
        "40 of 100 conversations failed (40.0%); max_failed_share allows 25.0%",
        "20 of 100 conversations are invalid (20.0%); max_invalid_share allows 10.0%",
        "40 conversations are valid; min_conversations requires 50",
    )


def test_a_dataset_of_nothing_is_never_good() -> None:
    assert reasons_to_hold_back(counts(0), WHATEVER) == (
        "0 conversations are valid; min_conversations requires 1",
    )


def test_a_version_that_is_held_back_says_why_in_its_manifest_and_its_card(output: str) -> None:
    made = contents(
        checked("Hi", "Hello", seed_id="s1"),
        checked("Hi", "Hi", seed_id="s2", broken=[("echo", Severity.INVALID)]),
        failed=[failed("Hi", seed_id="s3")],
        gates=Gates(),
    )
    manifest = write_version(DatasetFolder(output, "shop"), VERSION, made).manifest
    reasons = reasons_to_hold_back(made.counts, Gates())
    assert manifest.held_back == reasons
    assert len(reasons) == 2
    card = (DatasetFolder(output, "shop").revision_folder(VERSION) / "README.md").read_text(
        encoding="utf-8"
    )
    for reason in reasons:
        assert f"\n- {reason}\n" in card


def test_the_card_of_a_good_version_speaks_of_no_gates(output: str) -> None:
    assert (
        write_version(
            DatasetFolder(output, "shop"), VERSION, everything_that_can_happen()
        ).manifest.held_back
        == ()
    )
    card = (DatasetFolder(output, "shop").revision_folder(VERSION) / "README.md").read_text(
        encoding="utf-8"
    )
    assert "gates" not in card


def test_a_gate_counts_conversations_with_broken_replies() -> None:
    gates = Gates(max_broken_reply_share=0.1)
    assert reasons_to_hold_back(counts(100), gates, broken_replies=10) == ()
    assert reasons_to_hold_back(counts(100), gates, broken_replies=11) == (
        "11 of 100 conversations have a broken reply (11.0%); max_broken_reply_share allows 10.0%",
    )
    assert reasons_to_hold_back(counts(100), Gates(), broken_replies=100) == ()
