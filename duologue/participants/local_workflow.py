"""A participant that is a Vellum Workflow in Python, run in this process by the Workflows SDK."""

import asyncio
import inspect
import json
from collections.abc import Sequence
from concurrent.futures import Executor
from importlib.util import find_spec
from types import ModuleType
from typing import Any, get_type_hints

from pydantic import TypeAdapter
from vellum import ChatMessage
from vellum.workflows import BaseWorkflow
from vellum.workflows.errors import WorkflowError, WorkflowErrorCode
from vellum.workflows.exceptions import WorkflowInitializationException
from vellum.workflows.state import BaseState
from vellum.workflows.state.encoder import DefaultStateEncoder
from vellum.workflows.triggers.base import BaseTrigger
from vellum.workflows.triggers.chat_message import ChatMessageTrigger
from vellum.workflows.utils.vellum_variables import primitive_type_to_vellum_variable_type

from duologue.conversation.content import shown_text
from duologue.conversation.messages import Message
from duologue.errors import (
    FatalError,
    ParticipantError,
    RunStoppingError,
    TransientError,
    UsageError,
)
from duologue.own_code import import_module
from duologue.participants.budget import Spending
from duologue.participants.calling import Caller
from duologue.participants.concurrency import Account
from duologue.participants.protocol import Reply, TurnContext
from duologue.participants.stateful import refuse_lost_state
from duologue.participants.vellum_inputs import trigger_message, typed_inputs
from duologue.participants.workflow_output import reply_in
from duologue.settings.participants import CallSettings, ParticipantMode, ParticipantSettings

Workflow = BaseWorkflow[Any, Any]

_TRANSIENT_CODES = {
    WorkflowErrorCode.INTERNAL_ERROR,
    WorkflowErrorCode.PROVIDER_ERROR,
    WorkflowErrorCode.PROVIDER_QUOTA_EXCEEDED,
    WorkflowErrorCode.WORKFLOW_TIMEOUT,
}
"""Unlike on Vellum's servers, NODE_EXECUTION is not transient here: it is usually an exception in
the Workflow's own code, which would be raised again."""

_RUN_STOPPING_CODES = {
    WorkflowErrorCode.PROVIDER_CREDENTIALS_UNAVAILABLE,
    WorkflowErrorCode.INTEGRATION_CREDENTIALS_UNAVAILABLE,
    WorkflowErrorCode.INVALID_WORKFLOW,
}


class LocalWorkflow:
    """Runs a Workflow class once for each reply, in a thread of the executor."""

    def __init__(
        self,
        workflow: type[Workflow],
        settings: ParticipantSettings,
        call: CallSettings,
        executor: Executor,
        spending: Spending | None = None,
    ) -> None:
        self._workflow = workflow
        self._inputs = workflow.get_inputs_class()
        self._output = _output_name(workflow, settings)
        self._types = input_types(workflow)
        self._is_stateful = settings.mode is ParticipantMode.STATEFUL
        self._trigger = _trigger_class(workflow, settings)
        self._settings = settings
        self._call = call
        self._executor = executor
        account = Account(settings.reference)
        self._caller = Caller(settings.reference, call, account, spending or Spending())

    async def reply(self, chat_history: Sequence[Message], context: TurnContext) -> Reply:
        """Answers the latest message; see `Participant.reply`."""
        settings = self._settings
        inputs: dict[str, Any] = typed_inputs(settings, self._types, context)
        trigger: BaseTrigger | None = None
        if self._is_stateful:
            refuse_lost_state(chat_history, context, settings.reference)
            if self._trigger is not None:
                trigger = self._trigger(message=trigger_message(chat_history[-1]))
            else:
                inputs[settings.message_input] = shown_text(chat_history[-1])
        else:
            inputs[settings.history_input] = _messages(chat_history)
        for name in inputs.keys() & self._types.keys():
            if self._types[name] == "CHAT_HISTORY":
                inputs[name] = list(map(ChatMessage.model_validate, inputs[name]))
        state = _state(self._workflow, context.previous_state)
        loop = asyncio.get_running_loop()
        return await self._caller.reply(
            lambda _: loop.run_in_executor(self._executor, self._run, inputs, trigger, state),
            self._reply,
        )

    def _reply(self, event: Any) -> Reply:
        if event.name != "workflow.execution.fulfilled":
            raise self._error(getattr(event, "error", None), event.name)
        value = _as_json(getattr(event.outputs, self._output, None))
        type_ = "STRING" if isinstance(value, str) else "JSON"
        text, content = reply_in(value, type_, self._settings, self._settings.reference)
        return Reply(
            text,
            execution_id=str(event.span_id) if self._is_stateful else None,
            content=content,
            state=_kept_state(event.final_state) if self._is_stateful else None,
        )

    def _run(
        self, inputs: dict[str, Any], trigger: BaseTrigger | None, state: BaseState | None
    ) -> Any:
        try:
            # The Workflow's own timeout ends shortly before the attempt's deadline, which could
            # only leave the thread behind.
            return self._workflow().run(
                inputs=self._inputs(**inputs),
                trigger=trigger,
                state=state,
                timeout=self._call.timeout_seconds,
            )
        except WorkflowInitializationException as error:
            raise RunStoppingError(f"{self._settings.reference} cannot start: {error}") from error

    def _error(self, error: WorkflowError | None, event_name: str) -> ParticipantError:
        if error is None:
            return FatalError(
                f"{self._settings.reference} did not finish: it ended with {event_name}; a "
                "participant's Workflow must run to its output without waiting for anyone"
            )
        said = (
            f"{self._settings.reference} was rejected with {error.code.value}: "
            f"{error.message[:200]}"
        )
        if error.code in _TRANSIENT_CODES:
            return TransientError(said)
        if error.code in _RUN_STOPPING_CODES:
            return RunStoppingError(said)
        return FatalError(said)


def load_workflow(settings: ParticipantSettings) -> type[Workflow]:
    """Imports the Workflow class that a `local:` reference names, and checks its in- and outputs.

    The Workflow may be in the named module, or in its submodule `workflow`, where `vellum workflows
    push` expects it.

    Raises:
        UsageError: no such module or class, several classes and none named, or a Workflow without
            the inputs or the output that the settings name.
    """
    _, module_name, *class_name = settings.reference.split(":")
    workflow = _workflow_class(
        module_name, class_name[0] if class_name else None, settings.reference
    )
    _trigger_class(workflow, settings)
    _check_inputs(workflow, settings)
    _output_name(workflow, settings)
    return workflow


def input_types(workflow: type[Workflow]) -> dict[str, str]:
    """Returns the types of a Workflow's inputs as Vellum calls them, by name."""
    return {
        reference.name: str(primitive_type_to_vellum_variable_type(reference))
        for reference in workflow.get_inputs_class()
    }


def _check_inputs(workflow: type[Workflow], settings: ParticipantSettings) -> None:
    types = input_types(workflow)
    taken = {"CHAT_HISTORY": settings.history_input}
    if settings.mode is ParticipantMode.STATEFUL:
        taken = {} if settings.trigger is not None else {"STRING": settings.message_input}
    for name in [*taken.values(), *settings.static_inputs, *settings.seed_inputs]:
        if name not in types:
            raise UsageError(
                f"participant {settings.reference!r}: {workflow.__name__} has no input {name!r}; "
                f"it has {', '.join(types) or 'none'}"
            )
    for type_, name in taken.items():
        # A list without a type of its elements counts as JSON, and takes messages too.
        if types[name] not in (type_, "JSON"):
            raise UsageError(
                f"participant {settings.reference!r}: the input {name!r} of {workflow.__name__} is "
                f"of type {types[name]}; expected {type_}, because it takes the "
                f"{'chat history' if type_ == 'CHAT_HISTORY' else 'latest message'}"
            )


def _trigger_class(
    workflow: type[Workflow], settings: ParticipantSettings
) -> type[ChatMessageTrigger] | None:
    if settings.trigger is None:
        return None
    triggers = [one for graph in workflow.get_subgraphs() for one in graph.triggers]
    for trigger in triggers:
        if issubclass(trigger, ChatMessageTrigger):
            return trigger
    raise UsageError(
        f"participant {settings.reference!r}: trigger is {settings.trigger!r}, but "
        f"{workflow.__name__} has no chat trigger; leave the trigger empty, and name the input "
        "that takes the message in message_input"
    )


def _state(workflow: type[Workflow], kept: str | None) -> BaseState | None:
    """Builds a state from what `_kept_state` returned."""
    if kept is None:
        return None
    state_class = workflow.get_state_class()
    hints = get_type_hints(state_class)
    values = {
        name: TypeAdapter(hints.get(name, Any)).validate_python(value)
        for name, value in json.loads(kept).items()
    }
    state: BaseState = state_class(**values)
    return state


def _kept_state(state: BaseState) -> str:
    """Returns a Workflow's own state as JSON, without the SDK's record of the execution."""
    values = {name: value for name, value in state if name != "meta"}
    return json.dumps(values, cls=DefaultStateEncoder)


def _messages(chat_history: Sequence[Message]) -> list[ChatMessage]:
    return [
        ChatMessage(role=message.role.value, text=message.text)
        if message.content is None
        else ChatMessage.model_validate(
            {
                "role": message.role.value,
                "text": message.text or None,
                "content": json.loads(message.content),
            }
        )
        for message in chat_history
    ]


def _as_json(value: Any) -> Any:
    """Returns an output as JSON has it: messages become objects."""
    if value is None or isinstance(value, str):
        return value
    return json.loads(json.dumps(value, cls=DefaultStateEncoder))


def _workflow_class(module_name: str, class_name: str | None, reference: str) -> type[Workflow]:
    module = import_module(module_name, f"participant {reference!r}")
    submodule = f"{module_name}.workflow"
    if not _workflows_in(module) and hasattr(module, "__path__") and find_spec(submodule):
        module = import_module(submodule, f"participant {reference!r}")
    found = {workflow.__name__: workflow for workflow in _workflows_in(module)}
    if class_name is None and len(found) == 1:
        return next(iter(found.values()))
    if class_name in found:
        return found[class_name]
    if not found:
        raise UsageError(
            f"participant {reference!r}: {module.__name__} has no Vellum Workflow: no class "
            "that derives from vellum.workflows.BaseWorkflow"
        )
    raise UsageError(
        f"participant {reference!r}: {module.__name__} has "
        f"{'several Workflows' if class_name is None else f'no Workflow {class_name!r}'}; "
        f"write one of {', '.join(f'local:{module_name}:{name}' for name in sorted(found))}"
    )


def _workflows_in(module: ModuleType) -> list[type[Workflow]]:
    """Returns a module's own Workflow classes; for a package also those that it imports."""
    is_package = hasattr(module, "__path__")
    return [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, BaseWorkflow)
        and value is not BaseWorkflow
        and value.__module__.startswith(f"{module.__name__}." if is_package else module.__name__)
    ]


def _output_name(workflow: type[Workflow], settings: ParticipantSettings) -> str:
    names = [output.name for output in workflow.Outputs]
    for name in names:
        if name.replace("_", "-") == settings.output.replace("_", "-"):
            return name
    raise UsageError(
        f"participant {settings.reference!r}: {workflow.__name__} has no output "
        f"{settings.output!r}; it has {', '.join(names) or 'none'}"
    )
