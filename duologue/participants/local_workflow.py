"""A participant that is a Vellum Workflow in Python, run in this process by the Workflows SDK."""

import asyncio
import inspect
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from vellum import ChatMessage
from vellum.workflows import BaseWorkflow
from vellum.workflows.errors import WorkflowError, WorkflowErrorCode
from vellum.workflows.exceptions import WorkflowInitializationException

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
from duologue.participants.protocol import Reply, TurnContext, further_inputs, usable_text
from duologue.participants.retries import with_retries
from duologue.settings.participants import CallSettings, ParticipantSettings

Workflow = BaseWorkflow[Any, Any]

_TRANSIENT_CODES = {
    WorkflowErrorCode.INTERNAL_ERROR,
    WorkflowErrorCode.PROVIDER_ERROR,
    WorkflowErrorCode.PROVIDER_QUOTA_EXCEEDED,
    WorkflowErrorCode.WORKFLOW_TIMEOUT,
}
"""NODE_EXECUTION is none of them, other than on Vellum's servers: here it is mostly the text of
an exception in the Workflow's own code, which will be raised again."""

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
        self._settings = settings
        self._call = call
        self._executor = executor
        self._spending = spending or Spending()

    async def reply(self, chat_history: Sequence[Message], context: TurnContext) -> Reply:
        """Answers the latest message; see `Participant.reply`."""
        reply, attempts = await with_retries(
            lambda: self._attempt(chat_history, context), self._call, self._settings.spelling
        )
        return replace(reply, attempts=attempts)

    async def _attempt(self, chat_history: Sequence[Message], context: TurnContext) -> Reply:
        inputs = further_inputs(self._settings, context)
        history = [
            ChatMessage(role=message.role.value, text=message.text) for message in chat_history
        ]
        self._spending.begin_call()
        started = time.monotonic()
        event = await asyncio.get_running_loop().run_in_executor(
            self._executor, self._run, {self._settings.history_input: history, **inputs}
        )
        if event.name != "workflow.execution.fulfilled":
            raise self._error(getattr(event, "error", None), event.name)
        said = getattr(event.outputs, self._output, None)
        text = usable_text(said, self._settings.spelling)
        return Reply(text, latency_ms=round((time.monotonic() - started) * 1000))

    def _run(self, inputs: dict[str, Any]) -> Any:
        try:
            # The Workflow ends by itself shortly before the attempt's own deadline, which could
            # only leave the thread behind.
            return self._workflow().run(
                inputs=self._inputs(**inputs), timeout=self._call.timeout_seconds
            )
        except WorkflowInitializationException as error:
            raise RunStoppingError(f"{self._settings.spelling} cannot start: {error}") from error

    def _error(self, error: WorkflowError | None, event_name: str) -> ParticipantError:
        if error is None:
            return FatalError(
                f"{self._settings.spelling} did not finish: it ended with {event_name}; a "
                "participant's Workflow must run to its output without waiting for anyone"
            )
        said = (
            f"{self._settings.spelling} was rejected with {error.code.value}: {error.message[:200]}"
        )
        if error.code in _TRANSIENT_CODES:
            return TransientError(said)
        if error.code in _RUN_STOPPING_CODES:
            return RunStoppingError(said)
        return FatalError(said)


def load_workflow(settings: ParticipantSettings) -> type[Workflow]:
    """Imports the Workflow class that a `local:` spelling names, and checks its in- and outputs.

    In the layout of `vellum workflows push` a package's Workflow is in its module `workflow`; it is
    found there as well as in the module that is named.

    Raises:
        UsageError: no such module or class, several classes and none named, or a Workflow without
            the inputs or the output that the settings name.
    """
    _, module_name, *class_name = settings.spelling.split(":")
    workflow = _workflow_class(
        module_name, class_name[0] if class_name else None, settings.spelling
    )
    given = [settings.history_input, *settings.static_inputs, *settings.seed_inputs]
    known = [reference.name for reference in workflow.get_inputs_class()]
    for name in given:
        if name not in known:
            raise UsageError(
                f"participant {settings.spelling!r}: {workflow.__name__} has no input {name!r}; it "
                f"has {', '.join(known) or 'none'}"
            )
    _output_name(workflow, settings)
    return workflow


def _workflow_class(module_name: str, class_name: str | None, spelling: str) -> type[Workflow]:
    module = import_module(module_name, f"participant {spelling!r}")
    submodule = f"{module_name}.workflow"
    if not _workflows_in(module) and hasattr(module, "__path__") and find_spec(submodule):
        module = import_module(submodule, f"participant {spelling!r}")
    found = {workflow.__name__: workflow for workflow in _workflows_in(module)}
    if class_name is None and len(found) == 1:
        return next(iter(found.values()))
    if class_name in found:
        return found[class_name]
    if not found:
        raise UsageError(
            f"participant {spelling!r}: {module.__name__} has no Vellum Workflow: no class "
            "that derives from vellum.workflows.BaseWorkflow"
        )
    raise UsageError(
        f"participant {spelling!r}: {module.__name__} has "
        f"{'several Workflows' if class_name is None else f'no Workflow {class_name!r}'}; "
        f"write one of {', '.join(f'local:{module_name}:{name}' for name in sorted(found))}"
    )


def _workflows_in(module: ModuleType) -> list[type[Workflow]]:
    """The Workflow classes that a module shows: its own, and in a package those it imports."""
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
        f"participant {settings.spelling!r}: {workflow.__name__} has no output "
        f"{settings.output!r}; it has {', '.join(names) or 'none'}"
    )
