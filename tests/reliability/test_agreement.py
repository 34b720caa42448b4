from itertools import chain

import pytest

from duologue.reliability.agreement import agreements, cohens_kappa, disagreements
from duologue.reliability.reviewed import Opinion, Reviewed, Signal, Source
from duologue.settings.rules import Severity

ECHO = Signal(Source.RULE, "echo", Severity.INVALID)
TAIL = Signal(Source.RULE, "tail", Severity.WARNING)
OFF_GOAL = Signal(Source.JUDGE, "goal_reached", Severity.WARNING)


def pairs(table: list[list[int]]) -> tuple[list[int], list[int]]:
    """The decisions behind a table that counts them by one reviewer (rows) and the other."""
    decisions = list(
        chain.from_iterable(
            [(row, column)] * count
            for row, counts in enumerate(table)
            for column, count in enumerate(counts)
        )
    )
    return [one for one, _ in decisions], [other for _, other in decisions]


def test_kappa_is_that_of_a_hand_calculation() -> None:
    # Agreed 35 of 50; by chance 25/50 x 30/50 + 25/50 x 20/50 = 1/2: (0.7 - 0.5) / 0.5.
    assert cohens_kappa(*pairs([[20, 5], [10, 15]])) == pytest.approx(0.4, abs=1e-12)
    # Agreed 8 of 11; by chance (7 x 6 + 4 x 5) / 121 = 62/121: (88 - 62) / (121 - 62).
    assert cohens_kappa(*pairs([[5, 2], [1, 3]])) == pytest.approx(26 / 59, abs=1e-12)


def test_kappa_is_that_of_the_textbook() -> None:
    """Fleiss, Levin and Paik 2003, Statistical Methods for Rates and Proportions, Table 18.1."""
    table = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]
    assert cohens_kappa(*pairs(table)) == pytest.approx(0.676, abs=0.0005)


@pytest.mark.parametrize(
    ("table", "kappa"), [([[3, 0], [0, 4]], 1), ([[0, 2], [2, 0]], -1), ([[5, 0], [0, 0]], None)]
)
def test_the_ends_of_kappa(table: list[list[int]], kappa: float | None) -> None:
    assert cohens_kappa(*pairs(table)) == kappa


def reviewed(
    id: str, *opinions: Opinion, signals: frozenset[Signal] = frozenset(), judged: str = ""
) -> Reviewed:
    return Reviewed(id, "rest", 1, opinions, signals, frozenset(judged.split()))


def anna(broken: bool) -> Opinion:
    return Opinion("Anna", broken, ("echo",) if broken else (), 2 if broken else None)


def ben(broken: bool) -> Opinion:
    return Opinion("Ben", broken)


def test_reviewers_are_compared_on_what_both_reviewed() -> None:
    conversations = [
        reviewed("a", anna(True), ben(True)),
        reviewed("b", anna(True), ben(False)),
        reviewed("c", anna(False), ben(False)),
        reviewed("d", anna(False)),
        reviewed("e", Opinion("Cleo", True)),
    ]
    (found,) = agreements(conversations)
    assert found.reviewers == ("Anna", "Ben")
    assert found.conversations == 3
    assert found.agreed == pytest.approx(2 / 3)
    # By chance 2/3 x 1/3 + 1/3 x 2/3 = 4/9: (6/9 - 4/9) / (5/9).
    assert found.kappa == pytest.approx(0.4, abs=1e-12)


def test_every_disagreement_is_listed() -> None:
    conversations = [
        reviewed("agreed", anna(True), signals=frozenset({ECHO})),
        reviewed("missed", anna(True), signals=frozenset({TAIL})),
        reviewed("false alarm", anna(False), signals=frozenset({ECHO, TAIL})),
        reviewed("reviewers", anna(True), ben(False)),
        reviewed("judge", anna(False), signals=frozenset({OFF_GOAL}), judged="goal_reached"),
        reviewed("judge missed", anna(True), signals=frozenset({ECHO}), judged="goal_reached"),
        reviewed("judge agreed", anna(False), judged="goal_reached"),
    ]
    found = [
        (item.conversation_id, item.between, item.detail) for item in disagreements(conversations)
    ]
    said = "Anna: broken (echo, message 2)"
    assert found == [
        ("missed", "people_and_rules", f"{said}; no rule finds it invalid"),
        ("false alarm", "people_and_rules", "Anna: sound; invalid: echo"),
        ("reviewers", "reviewers", f"{said}; Ben: sound"),
        ("judge", "people_and_judges", "Anna: sound; fails goal_reached"),
        ("judge missed", "people_and_judges", f"{said}; passes every judge's criterion"),
    ]
