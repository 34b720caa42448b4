"""Every seed is accounted for, and a sum that does not add up cannot be had."""

from dataclasses import replace

import pytest

from duologue.dataset.counts import Counts, UnaccountedSeedsError
from duologue.errors import DuologueError
from tests.dataset.making import checked, contents, everything_that_can_happen, failed

RIGHT = {
    "rows_read": 5,
    "rejected": 1,
    "seeds": 4,
    "conversations": 8,
    "valid": 5,
    "invalid": 1,
    "failed": 2,
}


def test_counts_say_what_became_of_every_row() -> None:
    assert everything_that_can_happen().counts == Counts(
        rows_read=5, rejected=1, seeds=4, conversations=4, valid=2, invalid=1, failed=1
    )


def test_each_sample_of_a_seed_counts() -> None:
    made = contents(
        checked("Hi", "Hello", sample=1),
        checked("Hi", "Hello", sample=2),
        conversations_per_seed=2,
    )
    assert (made.counts.seeds, made.counts.conversations, made.counts.valid) == (1, 2, 2)


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("change", [-1, 1])
def test_no_count_can_be_wrong_alone(name: str, change: int) -> None:
    Counts(**RIGHT)
    with pytest.raises(UnaccountedSeedsError):
        Counts(**{**RIGHT, name: RIGHT[name] + change})


def test_a_wrong_sum_is_an_internal_error() -> None:
    assert not issubclass(UnaccountedSeedsError, DuologueError | ValueError)


def test_a_lost_conversation_is_noticed() -> None:
    made = everything_that_can_happen()
    with pytest.raises(UnaccountedSeedsError, match="sample 1 of seed s1"):
        _ = replace(made, checked=made.checked[1:]).counts


def test_a_lost_failed_seed_is_noticed() -> None:
    with pytest.raises(UnaccountedSeedsError, match="sample 1 of seed s4"):
        _ = replace(everything_that_can_happen(), failed=()).counts


def test_a_conversation_counted_twice_in_place_of_another_is_noticed() -> None:
    made = everything_that_can_happen()
    doubled = (made.checked[1], *made.checked[1:])
    with pytest.raises(UnaccountedSeedsError, match="2 conversations"):
        _ = replace(made, checked=doubled).counts


def test_a_seed_both_failed_and_made_is_noticed() -> None:
    made = everything_that_can_happen()
    with pytest.raises(UnaccountedSeedsError, match="sample 1 of seed s1"):
        _ = replace(made, failed=(*made.failed, failed("Hello?", seed_id="s1"))).counts


def test_a_conversation_of_no_seed_is_noticed() -> None:
    made = everything_that_can_happen()
    with pytest.raises(UnaccountedSeedsError, match="seed stranger"):
        _ = replace(made, checked=(*made.checked, checked("Hi", "Ho", seed_id="stranger"))).counts
