"""Getting a run's judges ready: checked without a bill, pinned, and with the inputs they take."""

from collections.abc import Sequence
from dataclasses import dataclass

from duologue.participants.opening import open_participants
from duologue.participants.own_code_digest import with_code
from duologue.participants.python_function import load_function, parameters_of
from duologue.settings.judges import JudgeParticipant, JudgeSettings
from duologue.settings.participants import CallSettings, ParticipantKind, ParticipantSettings


@dataclass(frozen=True, slots=True)
class ReadyJudges:
    """The judges of a run after the check."""

    judges: tuple[JudgeSettings, ...]
    warnings: tuple[str, ...]
    """Why some could not be checked."""


async def ready_judges(judges: Sequence[JudgeSettings], call: CallSettings) -> ReadyJudges:
    """Checks judges as participants are: keys, code, deployments and metrics with their inputs.

    Returns:
        The judges in their order, pinned to their releases. Inputs named like what a judge can
        receive are filled in.

    Raises:
        UsageError: a judge cannot be used.
        RunStoppingError: the API key is not valid.
    """
    async with open_participants([judge.participant for judge in judges], call, max_concurrency=1):
        pass  # reports what is missing, such as a key
    participants: list[ParticipantSettings] = [
        with_code(_given(judge.participant)) for judge in judges
    ]
    warnings: tuple[str, ...] = ()
    if any(one.is_deployment for one in participants):
        from duologue.participants.vellum_preflight import checked_participants

        checked = await checked_participants(participants, call)
        warnings = tuple(one.warning for one in checked if one.warning)
        participants = [one.settings for one in checked]
    return ReadyJudges(
        tuple(judge.used_as(one) for judge, one in zip(judges, participants, strict=True)), warnings
    )


def _given(participant: JudgeParticipant) -> JudgeParticipant:
    """Fills in the inputs of a judge whose code is here."""
    if participant.kind is ParticipantKind.PYTHON:
        return participant.given(parameters_of(load_function(participant)))
    if participant.kind is ParticipantKind.LOCAL:
        from duologue.participants.local_workflow import input_types, load_workflow

        return participant.given(input_types(load_workflow(participant)))
    return participant
