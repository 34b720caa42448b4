"""Checks what a run uses on Vellum, before anything is billed."""

from collections.abc import Sequence
from dataclasses import replace

from prefect import get_run_logger

from duologue.comparison.sides import Side
from duologue.evaluation.plan import EvaluationPlan
from duologue.participants.templates import check_templates
from duologue.plans.comparison import ComparisonPlan
from duologue.plans.generation import Plan
from duologue.seeds import SeedFile
from duologue.settings.options import Record
from duologue.settings.participants import CallSettings, ParticipantSettings
from duologue.settings.test_suites import SuiteOptions, SuiteRunSettings
from duologue.tasks.jobs import try_to_store
from duologue.versions.checkpoints import Checkpoints


async def check_access(suite: SuiteOptions | SuiteRunSettings | None) -> None:
    """Checks that a run with a Test Suite has a key and a base URL.

    Raises:
        UsageError: one of them is missing or malformed.
    """
    if suite is not None:
        from duologue.participants.vellum_deployment import vellum_client

        async with vellum_client(max_concurrency=1):
            pass  # the Test Suite itself is looked up when there is something to push


class PinnedParticipants(Record):
    """The participants of a run as they were first checked, for its retries and its shards."""

    participants: tuple[ParticipantSettings, ...]


async def check_deployments(
    plan: Plan, seed_file: SeedFile, version: str, checkpoints: Checkpoints
) -> tuple[Plan, SeedFile]:
    """Looks up the participants' deployments, and pins them to their releases.

    Returns:
        The plan with the pinned participants, and the seed file in which the seeds are rejected
        whose columns do not convert to the inputs' types.

    Raises:
        UsageError: a deployment does not exist, or its inputs or outputs do not fit; or a prompt
            names what no seed has.
    """
    settings = plan.settings
    check_templates([settings.chatbot, settings.simulated_user], seed_file.seeds)
    chatbot, simulated_user = await _pinned(
        [settings.chatbot, settings.simulated_user], settings.call, version, checkpoints
    )
    update = {"chatbot": chatbot, "simulated_user": simulated_user}
    plan = replace(plan, settings=settings.model_copy(update=update))
    if not any(one.pinned for one in (chatbot, simulated_user)):
        return plan, seed_file
    from duologue.participants.vellum_preflight import unusable_reason

    reasons = {s.seed_id: unusable_reason(s, [chatbot, simulated_user]) for s in seed_file.seeds}
    return plan, seed_file.without({id_: reason for id_, reason in reasons.items() if reason})


async def check_candidates(
    plan: EvaluationPlan, evaluation: str, checkpoints: Checkpoints
) -> EvaluationPlan:
    """Looks up the deployments of an evaluation's chatbots, and pins them to their releases.

    Raises:
        UsageError: a deployment does not exist, or its inputs or outputs do not fit.
    """
    settings = plan.settings
    chatbots = [one for one in (settings.candidate, settings.baseline) if one is not None]
    pinned = await _pinned(chatbots, settings.call, evaluation, checkpoints)
    update = dict(zip(("candidate", "baseline"), pinned, strict=False))
    return replace(plan, settings=settings.model_copy(update=update))


async def check_compared(
    plan: ComparisonPlan, comparison: str, checkpoints: Checkpoints
) -> ComparisonPlan:
    """Looks up the deployments that a comparison simulates with, and pins them to their releases.

    Raises:
        UsageError: a deployment does not exist, or its inputs or outputs do not fit; or a prompt
            names what no seed has.
    """
    settings, sides = plan.settings, plan.simulated_sides
    chatbots = [plan.runs[side].chatbot for side in sides]
    check_templates([*chatbots, settings.simulated_user], plan.seed_file.seeds)
    *pinned, user = await _pinned(
        [*chatbots, settings.simulated_user], settings.call, comparison, checkpoints
    )
    by_side: dict[str, ParticipantSettings] = {
        side.value: chatbot for side, chatbot in zip(sides, pinned, strict=True)
    }
    return replace(
        plan,
        settings=settings.model_copy(update={"simulated_user": user, **by_side}),
        runs={
            Side(side): run.model_copy(
                update={"simulated_user": user, "chatbot": by_side.get(side, run.chatbot)}
            )
            for side, run in plan.runs.items()
        },
    )


async def _pinned(
    participants: Sequence[ParticipantSettings],
    call: CallSettings,
    version: str,
    checkpoints: Checkpoints,
) -> tuple[ParticipantSettings, ...]:
    """Checks participants once for a run: its retries and shards keep its releases."""
    if not any(one.is_deployment for one in participants):
        return tuple(participants)
    from duologue.participants.vellum_preflight import checked_participants

    key = f"{version}/participants"
    before = await checkpoints.read(key, PinnedParticipants)
    if before is not None and list(map(_unpinned, before.participants)) == list(participants):
        return before.participants
    checked = await checked_participants(participants, call)
    for warning in filter(None, (one.warning for one in checked)):
        get_run_logger().warning("%s", warning)
    pinned = tuple(one.settings for one in checked)
    storing = checkpoints.write(key, PinnedParticipants(participants=pinned))
    await try_to_store("the participants' releases", storing)
    return pinned


def _unpinned(participant: ParticipantSettings) -> ParticipantSettings:
    return participant.model_copy(update={"pinned": None})
