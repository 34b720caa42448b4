"""Simulated users against real ones, on users whose differences are known."""

from dataclasses import replace

import pytest

from duologue.conversation.messages import Message, Role
from duologue.errors import UsageError
from duologue.realism.measuring import Source, compare_users
from duologue.realism.result import Grade, Realism
from duologue.realism.users import user_side
from tests.realism.making import REAL, Manner, users


def compared(simulated: Manner, count: int = 100, real: Manner = REAL, seed: int = 0) -> Realism:
    return compare_users(
        Source("simulated.jsonl", users(count, simulated, seed, "s")),
        Source("real.jsonl", users(count, real, seed, "r")),
    )


def test_users_of_one_population_cannot_be_told_apart() -> None:
    found = [compared(REAL, 100, seed=seed) for seed in range(5)]
    assert sum(one.interval[0] <= 0.5 <= one.interval[1] for one in found) >= 4
    assert sum(one.p_value > 0.05 for one in found) >= 4
    assert sum(one.grade_range[0] is Grade.A for one in found) >= 4
    assert sum(any(each.is_clear for each in one.features) for one in found) <= 1
    assert all(one.floor.low < 0.5 < one.floor.high for one in found)


def test_a_planted_difference_is_named_with_its_figures_and_examples() -> None:
    found = compared(replace(REAL, polite=0.72, polite_opening=0.72))
    top = found.features[0]
    assert (top.feature, top.is_clear) == ("polite", True)
    assert "say please or thanks in 7" in top.sentence
    assert top.sentence.startswith("Your simulated users")
    assert 0.62 < top.simulated.value < 0.82
    assert 0.03 < top.real.value < 0.18
    manner = replace(REAL, polite=0.72, polite_opening=0.72)
    texts = {user.id: user for user in users(100, manner, prefix="s")}
    for example in top.examples:
        spoken = {one.position: one.text for one in texts[example.conversation_id].spoken}
        assert "please" in spoken[example.message_index].casefold()
    assert len({example.conversation_id for example in top.examples}) == 3
    assert found.p_value == 0.001
    assert found.auc > 0.75


def test_six_users_are_ranked_by_how_human_they_are() -> None:
    def user(distance: float) -> Manner:
        return Manner(
            polite=0.1 + 0.8 * distance,
            exclaims=0.05 + 0.5 * distance,
            capital=0.5 + 0.5 * distance,
            words=8 + 12 * distance,
            spread=0.6 - 0.3 * distance,
        )

    found = [compared(user(distance)) for distance in (0, 0.1, 0.2, 0.35, 0.5, 0.8)]
    aucs = [one.auc for one in found]
    assert spearman(aucs) >= 0.9
    assert (found[0].grade_range[0], found[-1].grade) == (Grade.A, Grade.F)


def spearman(values: list[float]) -> float:
    """Of values with the numbers from 0."""
    ranks = [sum(other < one for other in values) for one in values]
    count = len(values)
    squares = sum((rank - place) ** 2 for place, rank in enumerate(ranks))
    return 1 - 6 * squares / (count * (count**2 - 1))


def test_the_same_length_on_average_but_always_the_same_length_gives_away() -> None:
    even = compared(replace(REAL, spread=0.02, words=9.5))
    assert even.auc > 0.8
    assert "words_variation" in [one.feature for one in even.features[:2]]


def test_openings_do_not_count_but_are_shown() -> None:
    found = compared(replace(REAL, polite_opening=1.0), seed=2)
    assert found.interval[0] <= 0.5
    assert found.openings is not None
    assert found.openings.low > 0.8
    opening = [one for one in found.features if one.part == "opening"]
    assert (opening[0].feature, opening[0].decides) == ("first_polite", False)


def test_openings_that_are_real_messages_are_not_compared() -> None:
    real = users(60, prefix="r")
    simulated = [
        replace(user, id=f"s{n}", spoken=(real[n].spoken[0], *user.spoken[1:]))
        for n, user in enumerate(users(60, prefix="s"))
    ]
    found = compare_users(Source("s", simulated), Source("r", real))
    assert found.openings is None


def test_only_as_many_messages_are_compared_as_the_shorter_side_has() -> None:
    found = compared(replace(REAL, messages=3), real=replace(REAL, messages=6))
    assert (found.most_messages, found.real.messages) == (3, 300)
    assert found.interval[0] <= 0.5, "that a simulation stops after its turns counts for nothing"


def test_real_users_of_a_domain_are_compared_with_the_others() -> None:
    loud = [
        replace(user, domain="complaints")
        for user in users(60, replace(REAL, exclaims=0.9), prefix="loud")
    ]
    quiet = [replace(user, domain="other") for user in users(60, prefix="quiet")]
    found = compare_users(Source("s", users(60, prefix="s")), Source("r", [*loud, *quiet]))
    assert [one.domain for one in found.floor.domains] == ["complaints", "other"]
    assert found.floor.domains[0].auc > 0.9


def test_another_language_is_noted() -> None:
    def side(said: str, prefix: str) -> Source:
        made = []
        for number in range(50):
            messages = [
                Message(Role.USER, f"{said} {number} {number + 1} {number + 2}"),
                Message(Role.ASSISTANT, "Ok."),
                Message(Role.USER, said),
            ]
            user = user_side(f"{prefix}{number}", messages, range(3))
            assert user is not None
            made.append(user)
        return Source(prefix, made)

    found = compare_users(
        side("what is the price for this one and can you send it to me", "en"),
        side("was kostet das und können Sie mir das bitte auch noch schicken", "de"),
    )
    assert found.notes[0] == (
        "The simulated users mostly write en, the real ones de: the AUC measures the language too"
    )


@pytest.mark.parametrize(
    ("simulated", "real", "expected"),
    [
        (60, 12, "real.jsonl: holds 12 conversations in which both sides say something; realism "
         "needs at least 50"),
        (0, 60, "simulated.jsonl: holds 0 conversations in which both sides say something; realism "
         "needs at least 50"),
    ],
)  # fmt: skip
def test_too_few_conversations(simulated: int, real: int, expected: str) -> None:
    with pytest.raises(UsageError) as error:
        compare_users(
            Source("simulated.jsonl", users(simulated, prefix="s")),
            Source("real.jsonl", users(real, prefix="r")),
        )
    assert str(error.value) == expected


def test_the_same_conversations_on_both_sides() -> None:
    same = users(60)
    with pytest.raises(UsageError, match=r"a and b: 60 conversations are the same in both"):
        compare_users(Source("a", same), Source("b", same))


def test_samples_of_a_few_seeds_are_too_few() -> None:
    few = users(5, replace(REAL, words=30), prefix="s")
    samples = [
        replace(user, id=f"s{n}", spoken=(few[n % 5].spoken[0], *user.spoken[1:]))
        for n, user in enumerate(users(60, prefix="x"))
    ]
    with pytest.raises(UsageError, match=r"open with only \d+ different messages"):
        compare_users(Source("s", samples), Source("r", users(60, prefix="r")))


def test_users_who_never_answer() -> None:
    once = replace(REAL, messages=1)
    with pytest.raises(UsageError, match=r"simulated.jsonl: no user writes a second message"):
        compared(once)
