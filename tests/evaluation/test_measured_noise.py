"""Whole evaluations of chatbots that vary, over real texts and without Prefect."""

import random
from collections.abc import Callable

import pytest

from duologue.conversation.messages import Message
from duologue.evaluation.gates import failed_gates
from duologue.evaluation.measured_noise import AskedAgain, asked_again
from duologue.evaluation.noise_sentences import noise_sentences
from duologue.evaluation.plan import ReplyJob
from duologue.evaluation.replies import FailedReply, Prefix, Side, Verdict
from duologue.evaluation.scorers import load_scorers
from duologue.evaluation.scoring import Scored, score_replies
from duologue.evaluation.summary import summarise
from duologue.settings.evaluation import EvaluationGates, ScoringSettings
from tests.evaluation.exchanges import FAILED, prefix, said
from tests.support.paraphrasing import TOPICS, paraphrase, wrong

SETTINGS = ScoringSettings()
GATES = EvaluationGates()
REFUSAL = "I'm sorry, but I can't help with that."

Bot = Callable[[str, random.Random], str]
"""Takes the topic."""


def sometimes(share: float, other: Bot) -> Bot:
    """A chatbot that gives another reply in this share of its replies."""

    def reply(topic: str, rng: random.Random) -> str:
        return (other if rng.random() < share else paraphrase)(topic, rng)

    return reply


def refuses(topic: str, rng: random.Random) -> str:
    return REFUSAL


class Version:
    """Conversations of three turns with a chatbot, which is then asked again."""

    def __init__(self, bot: Bot, seeds: int, samples: int, random_seed: int = 1) -> None:
        self.rng = random.Random(random_seed)
        self.turns: list[tuple[Prefix, str]] = []
        for number in range(seeds):
            for turn in range(1, 4):
                topic = self.rng.choice(TOPICS)
                reference = bot(topic, self.rng)
                self.turns.append((prefix(reference, f"c{number}", turn), topic))
        self.again = self.asked(bot, samples)

    def asked(self, bot: Bot, samples: int) -> AskedAgain:
        replies = {
            turn.next_turn_id: tuple(said(bot(topic, self.rng)) for _ in range(samples))
            for turn, topic in self.turns
        }
        return AskedAgain(samples, replies)

    async def evaluated(self, bot: Bot) -> tuple[Scored, tuple[str, ...]]:
        """The replies of a candidate, and the gates that it fails."""
        replies: list[tuple[Prefix, Side, Message | FailedReply]] = [
            (turn, Side.CANDIDATE, said(bot(topic, self.rng))) for turn, topic in self.turns
        ]
        scored = await score_replies(
            replies, SETTINGS, load_scorers(SETTINGS), 4, self.again, GATES.noise_level, 60
        )
        sides, differences = summarise(scored.replies, SETTINGS)
        failed = failed_gates(sides, differences, len(self.turns), GATES, None, scored.noise)
        return scored, failed


async def test_an_unchanged_chatbot_passes_and_one_in_ten_wrong_replies_do_not() -> None:
    passed = failed = 0
    for random_seed in range(10):
        version = Version(paraphrase, seeds=100, samples=3, random_seed=random_seed)
        passed += not (await version.evaluated(paraphrase))[1]
        failed += bool((await version.evaluated(sometimes(0.1, wrong)))[1])
    assert passed >= 9
    assert failed >= 9


async def test_each_reply_says_why_it_regressed_and_how_close_it_is() -> None:
    version = Version(paraphrase, seeds=100, samples=3)
    scored, _ = await version.evaluated(sometimes(0.1, refuses))
    causes = {reply.causes for reply in scored.replies}
    assert ("rule: refusal", "below the noise") in causes
    for reply in scored.replies:
        assert (reply.verdict is Verdict.REGRESSED) == bool(reply.causes)
        assert reply.closeness is not None
        assert reply.noise_closeness is not None
        if "below the noise" in reply.causes:
            assert reply.closeness < reply.noise_closeness


async def test_a_chatbot_that_always_refuses_by_chance_may_go_on_doing_so() -> None:
    refusing = sometimes(0.2, refuses)
    passed = 0
    for random_seed in range(10):
        version = Version(refusing, seeds=60, samples=3, random_seed=random_seed)
        scored, failed = await version.evaluated(refusing)
        assert 0.1 < scored.noise.regressed_share < 0.25
        passed += not failed
    assert passed >= 9
    version = Version(refusing, seeds=60, samples=3)
    _, failed = await version.evaluated(sometimes(0.5, refuses))
    assert any("break a rule" in why and "beyond the" in why for why in failed)


@pytest.mark.parametrize("share", [0.15, 1.0])
async def test_a_chatbot_that_has_changed_measures_no_noise(share: float) -> None:
    """Whether it changed in every reply, or now is wrong in some of them."""
    version = Version(paraphrase, seeds=200, samples=3)
    version.again = version.asked(sometimes(share, wrong), 3)
    scored, failed = await version.evaluated(paraphrase)
    assert scored.noise.has_changed
    assert failed == ()
    (sentence,) = noise_sentences(scored.noise)
    assert sentence.startswith("Similarity is only information: the version's chatbot does not")
    sides, _ = summarise(scored.replies, SETTINGS)
    (why,) = failed_gates(sides, {}, 600, GATES, None, scored.noise, is_versions_own=True)
    assert "does not reply as it did when it made the version" in why


async def test_few_conversations_cannot_tell_and_say_so() -> None:
    version = Version(paraphrase, seeds=3, samples=3)
    scored, failed = await version.evaluated(sometimes(0.5, wrong))
    assert failed == ()
    assert "9 prefixes of 3 seeds are too few to tell" in noise_sentences(scored.noise)[-1]


async def test_noise_level_0_switches_the_gate_off() -> None:
    version = Version(paraphrase, seeds=100, samples=2)
    scored, failed = await version.evaluated(wrong)
    assert any("noise_level allows 0.01" in why for why in failed)
    off = EvaluationGates(noise_level=0)
    sides, _ = summarise(scored.replies, SETTINGS)
    assert failed_gates(sides, {}, 300, off, None, scored.noise) == ()


def test_only_prefixes_with_all_their_replies_measure_the_noise() -> None:
    whole, half = prefix("At five.", "c1"), prefix("At five.", "c2")
    jobs = [
        ReplyJob(one, Side.NOISE, f"{one.next_turn_id}-{n}", n)
        for one in (whole, half)
        for n in (1, 2)
    ]
    replies: list[Message | FailedReply] = [said("At 5."), said("Five."), said("At 5."), FAILED]
    found = asked_again(zip(jobs, replies, strict=True), 2)
    assert found.replies == {whole.next_turn_id: (said("At 5."), said("Five."))}
    assert found.unmeasured is None
    none = asked_again([(jobs[0], FAILED), (jobs[1], said("Five."))], 2)
    assert none.unmeasured == "the version's chatbot does not reply: no answer in 60 s"
