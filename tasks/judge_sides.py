"""Checks the conversations of a comparison, by rules and by judges."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from duologue.comparison.sides import Side
from duologue.conversation.messages import Conversation, Role
from duologue.participants.budget import Spending
from duologue.plans.comparison import ComparisonPlan
from duologue.settings.judges import JudgeSettings
from duologue.tasks.compare import SimulatedSides, limits_of
from duologue.tasks.judge import Judgements, JudgeRun, ask, pinned_judges
from duologue.validation.check import CheckedConversation, Checker
from duologue.validation.judges.choosing import is_asked
from duologue.validation.judges.question import Question
from duologue.validation.verdict import NoVerdict, Verdict
from duologue.versions.checkpoints import Checkpoints

SIDES = (Side.BASELINE, Side.CANDIDATE)

Said = tuple[str, tuple[tuple[Role, str, str], ...]]
"""The seed's id, and the messages of a conversation."""


@dataclass(frozen=True, slots=True)
class CheckedSides:
    """The conversations of both sides, with what rules and judges say of them."""

    conversations: Mapping[Side, Sequence[CheckedConversation]]
    no_verdicts: Mapping[Side, Sequence[NoVerdict]]
    """Conversations that a judge was asked about in vain."""


async def check_side_judges(
    plan: ComparisonPlan, comparison: str, checkpoints: Checkpoints
) -> ComparisonPlan:
    """Checks a comparison's judges before anything is billed, and pins them to their releases.

    Raises:
        UsageError: a judge cannot be used.
    """
    settings = plan.settings
    judges = await pinned_judges(settings.judges, settings.call, comparison, checkpoints)
    return plan.judged_by(judges)


async def judge_sides(
    plan: ComparisonPlan,
    comparison: str,
    simulated: SimulatedSides,
    checkers: Mapping[Side, Checker],
    checkpoints: Checkpoints,
    spending: Spending,
) -> CheckedSides:
    """Runs the rules on both sides, and asks the judges about both, side by side.

    The version's verdicts are used as they are, if the same judge gave them in the same release.
    Equal conversations of a seed are judged once, whichever side they are from, so that chance in a
    judge's answers makes no difference between them.
    """
    checked = {side: _checked(plan, side, simulated, checkers) for side in SIDES}
    judgements, settings = Judgements(), plan.settings
    run = JudgeRun(
        settings.judges,
        settings.call,
        limits_of(settings),
        comparison,
        comparison,
        plan.dataset.name,
        spending,
        settings.record_usage,
    )
    for judge in settings.judges:
        known, questions = _known(plan, judge), []
        for name, made in _side_by_side(checked):
            conversation = made.conversation
            if stored := known.get(_said(made)):
                judgements.verdicts[name] += stored
            # The same id on both sides, so that a judge of some conversations reads whole pairs.
            elif is_asked(judge, conversation.conversation_id, made.violations):
                questions.append(
                    Question(
                        conversation.conversation_id, conversation.messages, made.seed, name=name
                    )
                )
        await ask(judge, questions, run, checkpoints, judgements)
    return CheckedSides(
        {side: _judged(side, of_side, judgements) for side, of_side in checked.items()},
        {side: _unanswered(side, of_side, judgements) for side, of_side in checked.items()},
    )


def _checked(
    plan: ComparisonPlan, side: Side, simulated: SimulatedSides, checkers: Mapping[Side, Checker]
) -> list[CheckedConversation]:
    """Runs the rules on a side. A version's were run before; its verdicts are removed."""
    if side not in simulated.outcomes:
        assert plan.earlier is not None
        return [made.unjudged() for made in plan.earlier.checked]
    seeds = {seed.seed_id: seed for seed in plan.seed_file.seeds}
    return [
        checkers[side].check(made, seeds[made.seed_id])
        for made in simulated.outcomes[side]
        if isinstance(made, Conversation)
    ]


def _known(plan: ComparisonPlan, judge: JudgeSettings) -> dict[Said, list[Verdict]]:
    """Returns the version's verdicts of this judge in this release, by conversation."""
    if plan.version is None or plan.earlier is None:
        return {}
    asked_alike = (_asked_alike(judge, before) for before in plan.version.manifest.settings.judges)
    if not any(asked_alike):
        return {}
    by_judge = {
        _said(made): [one for one in made.verdicts if one.judge == judge.title]
        for made in plan.earlier.checked
    }
    return {said: verdicts for said, verdicts in by_judge.items() if verdicts}


def _asked_alike(judge: JudgeSettings, before: JudgeSettings) -> bool:
    """Checks whether two judges give the same verdicts on whatever they read."""
    of_the_run = {"ask": judge.ask, "submit_actuals": judge.submit_actuals}
    return before.model_copy(update=of_the_run) == judge


def _said(made: CheckedConversation) -> Said:
    return made.seed.seed_id, tuple(
        (one.role, one.text, str(one.content)) for one in made.conversation.messages
    )


def _side_by_side(
    checked: Mapping[Side, Sequence[CheckedConversation]],
) -> Iterator[tuple[str, CheckedConversation]]:
    """Yields the conversations of both sides in turns, each with its name."""
    for pair in zip_longest(*(checked[side] for side in SIDES)):
        for side, made in zip(SIDES, pair, strict=True):
            if made is not None:
                yield _name(side, made), made


def _name(side: Side, made: CheckedConversation) -> str:
    return f"{side}-{made.conversation.conversation_id}"


def _judged(
    side: Side, of_side: Sequence[CheckedConversation], judgements: Judgements
) -> list[CheckedConversation]:
    return [made.judged(judgements.verdicts.get(_name(side, made), ())) for made in of_side]


def _unanswered(
    side: Side, of_side: Sequence[CheckedConversation], judgements: Judgements
) -> list[NoVerdict]:
    ids = {_name(side, made): made.conversation.conversation_id for made in of_side}
    return [
        one.model_copy(update={"conversation_id": ids[one.conversation_id]})
        for one in judgements.missing
        if one.conversation_id in ids
    ]
