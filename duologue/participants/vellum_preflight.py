"""The free check before a run: are the deployments there, and do their variables fit?

It executes nothing and costs nothing. What it finds pins the run to one release.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from vellum import VellumVariable

from duologue.errors import RunStoppingError, UsageError
from duologue.participants.error_context import ErrorContext
from duologue.participants.protocol import TurnContext, scenario_inputs
from duologue.participants.retries import with_retries
from duologue.participants.vellum_deployment import NO_RETRIES, VellumClient, vellum_client
from duologue.participants.vellum_errors import (
    SDK_ERRORS,
    deployment_remedies,
    metric_remedies,
    sdk_error,
)
from duologue.participants.vellum_inputs import SUPPORTED_TYPES, converted
from duologue.seeds import Seed
from duologue.seeds.scenario import USER_INPUTS
from duologue.settings.judges import JudgeParticipant
from duologue.settings.participants import (
    CallSettings,
    ParticipantKind,
    ParticipantMode,
    ParticipantSettings,
    PinnedRelease,
)

Answer = TypeVar("Answer")

LATEST = "LATEST"
"""The release tag that a deployment has by default."""

_OUTPUT_TYPES = {
    *("STRING", "CHAT_HISTORY", "JSON"),
    *("IMAGE", "DOCUMENT", "AUDIO", "VIDEO", "FUNCTION_CALL"),
}


_KINDS = {
    ParticipantKind.VELLUM: "Workflow",
    ParticipantKind.PROMPT: "Prompt",
    ParticipantKind.METRIC: "metric",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """A participant after the check."""

    settings: ParticipantSettings
    warning: str | None = None
    """Why it could not be checked; then it is not pinned."""


async def checked_participants(
    participants: Sequence[ParticipantSettings], call: CallSettings
) -> list[Checked]:
    """Looks up every deployment among participants, and pins it to its release.

    Args:
        participants: those that are on Vellum are checked; a release that is pinned already stays.
        call: deadlines and retries of the requests.

    Raises:
        UsageError: a deployment or its release tag does not exist, or it lacks an input or output
            that the settings name, or requires an input that they do not give.
        RunStoppingError: the API key is not valid.
    """
    if not any(one.is_deployment and one.pinned is None for one in participants):
        return [Checked(one) for one in participants]
    async with vellum_client(max_concurrency=1) as client:
        return [await _checked(client, one, call) for one in participants]


def unusable_reason(seed: Seed, participants: Sequence[ParticipantSettings]) -> str | None:
    """Says why a seed's columns do not convert to the inputs' types; None if they do."""
    for settings in participants:
        types = settings.pinned.input_types if settings.pinned else {}
        columns = {
            **seed.context,
            **seed.scenario.texts,
            "message": seed.message,
            "seed_id": seed.seed_id,
        }
        scenario = scenario_inputs(settings, TurnContext(seed), types)
        for name, column in {**{name: name for name in scenario}, **settings.seed_inputs}.items():
            if column not in columns or types.get(name) not in SUPPORTED_TYPES:
                continue
            try:
                converted(columns[column], types[name])
            except ValueError as error:
                return (
                    f"column {column!r} {error}: {settings.reference} takes it as its input "
                    f"{name!r}, of type {types[name]}"
                )
    return None


async def _checked(
    client: VellumClient, settings: ParticipantSettings, call: CallSettings
) -> Checked:
    if not settings.is_deployment or settings.pinned is not None:
        return Checked(settings)
    kind = _KINDS[settings.kind]
    denied = "may read deployments"
    remedies = (
        metric_remedies(denied)
        if settings.kind is ParticipantKind.METRIC
        else deployment_remedies(kind, denied)
    )
    wording = ErrorContext(settings.reference, client.default_url, (client.api_key,), (), remedies)
    try:
        pinned = await with_retries(lambda: _release(client, settings, wording), call, "Vellum")
    except _MayNotReadError as error:
        return Checked(settings, f"{settings.reference}: was not checked before the run: {error}")
    except RunStoppingError as error:
        raise UsageError(str(error)) from None
    release, inputs, outputs = pinned[0]
    if isinstance(settings, JudgeParticipant):
        settings = settings.given([variable.key for variable in inputs])
    settings = _with_required_scenario(settings, inputs)
    _check_inputs(settings, inputs, kind)
    if outputs is not None:
        _check_output(settings, outputs)
    types = {variable.key: str(variable.type) for variable in inputs}
    pin = PinnedRelease(
        release_id=release.id, release_tag=release.tag(settings.release_tag), input_types=types
    )
    return Checked(settings.model_copy(update={"pinned": pin}))


class _MayNotReadError(Exception):
    """The API key may not read deployments; it may execute them all the same."""


@dataclass(frozen=True, slots=True)
class _Release:
    id: str
    tags: Collection[str]

    def tag(self, wanted: str | None) -> str:
        """The tag to send: one that no other release gets, if there is one."""
        return self.id if self.id in self.tags else wanted or LATEST


async def _release(
    client: VellumClient, settings: ParticipantSettings, wording: ErrorContext
) -> tuple[_Release, Sequence[VellumVariable], Sequence[VellumVariable] | None]:
    sdk, name = client.sdk, quote(settings.deployment, safe="")
    tag = quote(settings.release_tag or LATEST, safe="")
    if settings.kind is ParticipantKind.PROMPT:
        deployment = await _asked(
            lambda: sdk.deployments.retrieve(name, request_options=NO_RETRIES), wording
        )
        prompt = await _asked(
            lambda: sdk.deployments.retrieve_prompt_deployment_release(
                name, tag, request_options=NO_RETRIES
            ),
            wording,
        )
        tags = [one.name for one in prompt.release_tags]
        return _Release(prompt.id, tags), deployment.input_variables, None
    if settings.kind is ParticipantKind.METRIC:
        metric = await _asked(
            lambda: sdk.metric_definitions.metric_definition_history_item_retrieve(
                tag, name, request_options=NO_RETRIES
            ),
            wording,
        )
        return _Release(metric.id, ()), metric.input_variables, None
    workflow = await _asked(
        lambda: sdk.workflow_deployments.retrieve_workflow_deployment_release(
            name, tag, request_options=NO_RETRIES
        ),
        wording,
    )
    tags = [one.name for one in workflow.release_tags]
    variables = workflow.workflow_version
    return _Release(workflow.id, tags), variables.input_variables, variables.output_variables


async def _asked(request: Callable[[], Awaitable[Answer]], wording: ErrorContext) -> Answer:
    try:
        return await request()
    except SDK_ERRORS as error:
        failure = sdk_error(error, wording)
        status = getattr(error, "status_code", None)
    # Out of the except clause, so that the SDK's error is not chained to ours: it may hold the key.
    if status in (401, 403):
        raise _MayNotReadError(str(failure))
    raise failure


def _with_required_scenario(
    settings: ParticipantSettings, variables: Sequence[VellumVariable]
) -> ParticipantSettings:
    """Takes the required inputs of a simulated user from the columns with their names.

    Optional inputs are sent if the seed has them: see `scenario_inputs`.
    """
    if not settings.takes_scenario:
        return settings
    set_already = {*settings.static_inputs, *settings.seed_inputs, settings.history_input}
    required = {
        variable.key: variable.key
        for variable in variables
        if variable.required and variable.default is None
    }
    more = {key: key for key in USER_INPUTS if key in required and key not in set_already}
    return settings.model_copy(update={"seed_inputs": {**settings.seed_inputs, **more}})


def _check_inputs(
    settings: ParticipantSettings, variables: Sequence[VellumVariable], kind: str
) -> None:
    types: Mapping[str, str] = {variable.key: str(variable.type) for variable in variables}
    taken = {settings.history_input: ("CHAT_HISTORY", "chat history")}
    if settings.mode is ParticipantMode.STATEFUL:
        taken = {settings.message_input: ("STRING", "latest message")}
    no_history = settings.kind is ParticipantKind.METRIC and settings.history_input not in types
    if settings.trigger is not None or no_history:
        taken = {}
    for name in [*taken, *settings.static_inputs, *settings.seed_inputs]:
        if name not in types:
            raise UsageError(
                f"{settings.reference}: the {kind} has no input {name!r}; its inputs are: "
                f"{_listed(types)}. Correct the participant's inputs"
            )
    for name, (type_, what) in taken.items():
        if types[name] != type_:
            raise UsageError(
                f"{settings.reference}: its input {name!r} is of type {types[name]}; expected "
                f"{type_}, because it takes the {what}. Name another input, or change the {kind}"
            )
    for name in [*settings.static_inputs, *settings.seed_inputs]:
        if types[name] not in SUPPORTED_TYPES:
            raise UsageError(
                f"{settings.reference}: its input {name!r} is of type {types[name]}; expected one "
                f"of {', '.join(SUPPORTED_TYPES)}, which static values and seed columns can be"
            )
    for name, value in settings.static_inputs.items():
        try:
            converted(value, types[name])
        except ValueError as error:
            raise UsageError(
                f"{settings.reference}: its input {name!r} is of type {types[name]}, and the "
                f"static value {error}"
            ) from None
    given = {*taken, *settings.static_inputs, *settings.seed_inputs}
    missing = [
        variable.key
        for variable in variables
        if variable.required and variable.default is None and variable.key not in given
    ]
    # A trigger has its own attributes.
    if missing and settings.trigger is None:
        raise UsageError(
            f"{settings.reference}: the {kind} requires the input {missing[0]!r}, which the run "
            "does not give; add it to the participant's static_inputs or seed_inputs"
        )


def _check_output(settings: ParticipantSettings, variables: Sequence[VellumVariable]) -> None:
    types = {variable.key.replace("_", "-"): str(variable.type) for variable in variables}
    type_ = types.get(settings.output.replace("_", "-"))
    if type_ is None:
        raise UsageError(
            f"{settings.reference}: the Workflow has no output {settings.output!r}; its outputs "
            f"are: {_listed([variable.key for variable in variables])}. Set the participant's "
            "`output` to the one that holds the reply"
        )
    if type_ not in _OUTPUT_TYPES and not (settings.is_judge and type_ == "NUMBER"):
        raise UsageError(
            f"{settings.reference}: its output {settings.output!r} is of type {type_}; expected a "
            "STRING, a CHAT_HISTORY or JSON. Set the participant's `output` to another one"
        )


def _listed(names: Collection[str]) -> str:
    return ", ".join(names) or "none"
