from collections import Counter

import pytest

from duologue.reliability.sampling import Stratum, review_order, stratum_of
from tests.dataset.making import VERSION

FIRST = ["r52", "r42", "d3", "f1", "r59", "f4"]

STRATA = {
    **{f"f{n}": Stratum.FLAGGED for n in range(10)},
    **{f"d{n}": Stratum.DOUBTFUL for n in range(10)},
    **{f"r{n}": Stratum.REST for n in range(80)},
}


@pytest.mark.parametrize(
    ("valid", "warned", "passed", "stratum"),
    [
        (False, False, True, Stratum.FLAGGED),
        (True, True, False, Stratum.FLAGGED),
        (True, True, True, Stratum.DOUBTFUL),
        (True, False, True, Stratum.REST),
    ],
)
def test_what_is_found_decides_the_stratum(
    valid: bool, warned: bool, passed: bool, stratum: Stratum
) -> None:
    assert stratum_of(valid, warned, passed) is stratum


def test_every_conversation_has_its_turn_once() -> None:
    assert sorted(review_order(VERSION, STRATA)) == sorted(STRATA)


def test_strata_take_turns_until_one_is_used_up() -> None:
    order = list(review_order(VERSION, STRATA))
    for block in range(10):
        turns = Counter(STRATA[id] for id in order[4 * block : 4 * block + 4])
        assert turns == {Stratum.FLAGGED: 1, Stratum.DOUBTFUL: 1, Stratum.REST: 2}
    assert {STRATA[id] for id in order[40:]} == {Stratum.REST}
    turns_in_blocks = {tuple(STRATA[id] for id in order[4 * b : 4 * b + 4]) for b in range(10)}
    assert len(turns_in_blocks) > 3, "the place of a conversation does not show its stratum"


def test_the_order_depends_on_nothing_but_the_version_and_the_ids() -> None:
    backwards = dict(reversed(STRATA.items()))
    order = list(review_order(VERSION, STRATA))
    assert list(review_order(VERSION, backwards)) == order
    assert list(review_order("20261125T053516123Z-1a2b3c4d", STRATA)) != order
    assert order[:6] == FIRST, "decisions of reviewers on other machines are about the same ones"


def test_each_conversation_of_a_stratum_is_drawn_as_often_as_the_others() -> None:
    """Of 10 flagged ones, the first 5 over 2,000 versions: 1,000 times each, give or take 22."""
    drawn: Counter[str] = Counter()
    flagged = {id: stratum for id, stratum in STRATA.items() if stratum is Stratum.FLAGGED}
    for version in range(2000):
        drawn.update(list(review_order(str(version), flagged))[:5])
    assert len(drawn) == 10
    assert all(900 < count < 1100 for count in drawn.values())
