from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model2vec import StaticModel
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from duologue.conversation.messages import Message
from duologue.errors import UsageError
from duologue.evaluation.measured_noise import AskedAgain
from duologue.evaluation.replies import FailedReply, Prefix, Side, Verdict
from duologue.evaluation.scorers import load_scorers, same, similarity
from duologue.evaluation.scoring import Scored, score_replies
from duologue.settings.evaluation import ScoringSettings
from tests.evaluation import own_scorers
from tests.evaluation.exchanges import FAILED, prefix, said

OWN = "python:tests.evaluation.own_scorers"
UNMEASURED = AskedAgain(0, unmeasured="noise_samples is 0")
TEXTS = st.text() | st.lists(st.sampled_from(["yes", "No", "5", "!", "\U0001f44d"])).map(" ".join)


async def scored(
    replies: list[tuple[Prefix, Message | FailedReply]],
    settings: ScoringSettings,
    max_concurrency: int = 4,
    timeout_seconds: float = 60,
) -> Scored:
    sided = [(prefix, Side.CANDIDATE, reply) for prefix, reply in replies]
    scorers = load_scorers(settings)
    return await score_replies(
        sided, settings, scorers, max_concurrency, UNMEASURED, 0.01, timeout_seconds
    )


async def verdict(
    reply: Message | FailedReply, reference: Message | str | None, settings: ScoringSettings
) -> Verdict:
    (only,) = (await scored([(prefix(reference), reply)], settings)).replies
    return only.verdict


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("We close at five.", "we close  at FIVE", 1.0),
        ("We close at five.", "We close at six.", 0.75),
        # The longest common subsequence is "police the gunman", as in Lin 2004, 3.1.
        ("police kill the gunman", "police killed the gunman", 0.75),
        ("the gunman kill police", "police killed the gunman", 0.5),
        ("five", "We close at five", 0.4),
        ("Yes", "No", 0.0),
        ("", "Yes", 0.0),
        ("", "", 1.0),
        ("\U0001f44d", "\U0001f44d", 1.0),
        ("\U0001f44d", "\U0001f44e", 0.0),
        ("!", "Yes!", 0.0),
    ],
)
def test_similarity_is_the_f1_of_rouge_l(one: str, other: str, expected: float) -> None:
    assert similarity(one, other) == pytest.approx(expected)
    assert same(one, other) == (expected == 1.0)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_similarity_is_symmetric_and_1_just_where_they_say_the_same(one: str, other: str) -> None:
    score = similarity(one, other)
    assert 0 <= score <= 1
    assert score == similarity(other, one)
    assert (score == 1.0) == (same(one, other) == 1.0)
    assert similarity(one, one) == same(one, one) == 1.0


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS | st.just("I can't help with that."), st.integers(0, 200))))
async def test_what_has_not_changed_has_not_regressed(replies: list[tuple[str, int]]) -> None:
    settings = ScoringSettings(max_latency_ms=100)
    messages = [said(*each) for each in replies]
    result = await scored([(prefix(each), each) for each in messages], settings)
    assert [each.verdict for each in result.replies] == [Verdict.SAME] * len(replies)


@pytest.mark.parametrize(
    ("reply", "reference", "expected"),
    [
        (FAILED, "At five.", Verdict.FAILED),
        (FAILED, None, Verdict.FAILED),
        (said("at FIVE!"), "At five.", Verdict.SAME),
        (said("At five today."), "At five.", Verdict.CHANGED),
        (said("No idea."), "At five.", Verdict.CHANGED),
        (said(""), "At five.", Verdict.REGRESSED),
        (said("At five.", 101), said("At five.", 100), Verdict.REGRESSED),
        (said("At five.", 200), said("At five.", 101), Verdict.SAME),
        (said("I can't help with that."), "I can't help with this.", Verdict.CHANGED),
        (said("I can't help with that."), None, Verdict.REGRESSED),
        (said("At five."), None, Verdict.WITHOUT_REFERENCE),
    ],
)
async def test_each_verdict(
    reply: Message | FailedReply, reference: Message | str | None, expected: Verdict
) -> None:
    assert await verdict(reply, reference, ScoringSettings(max_latency_ms=100)) is expected


async def test_replies_keep_their_order_and_unknown_scores_are_none() -> None:
    settings = ScoringSettings(own_scorers=(f"{OWN}:words",))
    replies: list[tuple[Prefix, Message | FailedReply]] = [
        (prefix("One two"), said("One")),
        (prefix("One"), FAILED),
        (prefix(), said("One")),
    ]
    result = await scored(replies, settings)
    assert [(each.prefix, each.reply) for each in result.replies] == replies
    assert [dict(each.scores) for each in result.replies] == [
        {"same": 0.0, "similarity": pytest.approx(2 / 3), "words": 0.5},
        {"same": None, "similarity": None, "words": None},
        {"same": None, "similarity": None, "words": None},
    ]
    assert result.failed_own_scorers == {}


@pytest.mark.parametrize("name", ["judge", "wrapped", "off_the_main_thread"])
async def test_own_scorers_may_be_async_and_others_run_in_a_thread(name: str) -> None:
    settings = ScoringSettings(own_scorers=(f"{OWN}:{name}",))
    (only,) = (await scored([(prefix(), said("Yes"))], settings)).replies
    assert only.scores[name] == 1.0


async def test_async_scorers_run_concurrently_up_to_the_limit() -> None:
    own_scorers.most_at_once = 0
    settings = ScoringSettings(own_scorers=(f"{OWN}:judge",))
    await scored([(prefix(), said("Yes"))] * 10, settings, max_concurrency=3)
    assert own_scorers.most_at_once == 3


@pytest.mark.parametrize("name", ["raises", "raises_later", "not_a_number", "gives_text"])
async def test_an_own_scorer_that_fails_costs_its_score_alone(name: str) -> None:
    settings = ScoringSettings(own_scorers=(f"{OWN}:{name}", f"{OWN}:words"))
    result = await scored([(prefix("Yes"), said("Yes")), (prefix("Yes"), FAILED)], settings)
    assert result.replies[0].scores == {"same": 1, "similarity": 1, name: None, "words": 1}
    assert result.replies[0].verdict is Verdict.SAME
    assert result.failed_own_scorers == {name: 1}


async def test_only_the_replies_that_an_own_scorer_fails_at_are_counted() -> None:
    settings = ScoringSettings(own_scorers=(f"{OWN}:picky",))
    result = await scored([(prefix(), said("a")), (prefix(), said("abc"))], settings)
    assert [each.scores["picky"] for each in result.replies] == [None, 0.5]
    assert result.failed_own_scorers == {"picky": 1}


@pytest.mark.parametrize(
    ("spellings", "told"),
    [
        (("my_scorers:politeness",), "expected python:package.module:scorer"),
        (("python:no_such_module:scorer",), "no module 'no_such_module'"),
        ((f"{OWN}:absent",), "has no function 'absent'"),
        ((f"{OWN}:A_NUMBER",), "has no function 'A_NUMBER'"),
        ((f"{OWN}:takes_nothing",), "cannot be called with the reply"),
        ((f"{OWN}:similarity",), "scorer 'similarity': there are two of this name"),
        ((f"{OWN}:embedding_similarity",), "'embedding_similarity': there are two of this name"),
        ((f"{OWN}:words", f"{OWN}:words"), "scorer 'words': there are two of this name"),
    ],
)
def test_an_own_scorer_that_cannot_be_used_is_reported(
    spellings: tuple[str, ...], told: str
) -> None:
    with pytest.raises(UsageError) as error:
        load_scorers(ScoringSettings(own_scorers=spellings))
    assert told in str(error.value)


@pytest.fixture(scope="module")
def embedding_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of three words: "hi" and "hello" mean the same, and "bye" nothing like it."""
    vocabulary = {"[UNK]": 0, "hi": 1, "hello": 2, "bye": 3}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    vectors = np.array([[0, 0], [1, 0], [2, 0], [-1, 1]], dtype=np.float32)
    path = tmp_path_factory.mktemp("model")
    StaticModel(vectors, tokenizer).save_pretrained(path)
    return str(path)


async def test_embeddings_show_how_near_the_meanings_are(embedding_model: str) -> None:
    settings = ScoringSettings(embedding_model=embedding_model)
    assert load_scorers(settings).names == ("same", "similarity", "embedding_similarity")
    pairs = [("hi", "hello"), ("hi", "bye"), ("hi hi bye", "hi"), ("what", "hi"), ("What!", "what")]
    result = await scored([(prefix(b), said(a)) for a, b in [*pairs, ("hi", None)]], settings)
    assert [each.scores["embedding_similarity"] for each in result.replies] == [
        1.0,
        0.0,
        pytest.approx(0.5**0.5),
        None,
        1.0,
        None,
    ]


async def test_many_embeddings_keep_their_order(embedding_model: str) -> None:
    settings = ScoringSettings(embedding_model=embedding_model)
    texts = ["hi" if i % 3 else "bye" for i in range(2500)]
    result = await scored([(prefix("hello"), said(text)) for text in texts], settings)
    assert [each.scores["embedding_similarity"] for each in result.replies] == [
        float(text == "hi") for text in texts
    ]


def test_an_embedding_model_that_is_missing_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be loaded .* expected the folder of a model2vec"):
        load_scorers(ScoringSettings(embedding_model=str(tmp_path)))
