"""One execution of a Workflow Deployment, as far as mining needs it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime
from vellum.client.types.slim_workflow_execution_read import SlimWorkflowExecutionRead

from duologue.conversation.messages import Message, Role
from duologue.settings.mining import MiningSettings
from duologue.settings.options import Record
from duologue.validation.transcripts import TranscriptNames
from duologue.validation.transcripts.messages import read_messages

PREVIOUS, ROOT = "PREVIOUS_SPAN", "ROOT_SPAN"
_USUAL_HISTORIES = "chat_history", "messages", "history"
_USUAL_MESSAGES = "user_message", "message", "query", "question", "input", "text"
_USUAL_REPLIES = "final_output", "response", "reply", "answer", "output", "text"


class Execution(Record):
    """What one execution was sent and what it replied. Its text is not redacted."""

    id: str
    started_at: AwareDatetime
    history: tuple[Message, ...] | None = None
    """The conversation up to the user's latest message; None if no input or output holds it."""
    message: str | None = None
    """The user's latest message, if it came alone."""
    reply: tuple[Message, ...] = ()
    """What the chatbot answered; empty if the execution failed or its output holds no text."""
    previous: str | None = None
    """The execution it continues, by a span link."""
    root: str | None = None
    """The first execution of the conversation, by a span link."""
    names: tuple[str, ...] = ()
    """The user's name, if an input holds it."""
    session: str | None = None
    """An id of the conversation in its metadata, to tell conversations with equal text apart."""
    release_tag: str | None = None
    is_bad: bool = False
    """Whether it failed, or a metric or an actual marks it as bad."""
    is_synthetic: bool = False
    """Whether Duologue made it."""

    @property
    def is_readable(self) -> bool:
        """Whether it shows anything that a user wrote."""
        return self.history is not None or self.message is not None


def read_execution(found: SlimWorkflowExecutionRead, settings: MiningSettings) -> Execution:
    """Reads an execution as the SDK returns it."""
    context = found.parent_context
    metadata = (context and context.metadata) or {}
    links = dict(_links(context))
    history = _history(found.inputs, settings.history_input, _USUAL_HISTORIES)
    message = None if history else _text(found.inputs, settings.message_input, _USUAL_MESSAGES)
    history, reply = _with_reply(history, found.outputs, settings)
    return Execution(
        id=found.span_id,
        started_at=found.start,
        history=history,
        message=message,
        reply=reply,
        previous=links.get(PREVIOUS),
        root=links.get(ROOT),
        names=tuple(
            one.value
            for one in found.inputs
            if one.type == "STRING" and one.value and one.name in settings.name_fields
        ),
        session=next(
            (str(metadata[n]) for n in settings.session_metadata if metadata.get(n)), None
        ),
        release_tag=context and context.release_tag_name,
        is_bad=found.error is not None or _is_marked_bad(found, settings.bad_below),
        is_synthetic=metadata.get("synthetic") is True,
    )


def _with_reply(
    history: tuple[Message, ...] | None, outputs: Iterable[Any], settings: MiningSettings
) -> tuple[tuple[Message, ...] | None, tuple[Message, ...]]:
    """Returns the conversation up to the latest user message, and what follows it."""
    said = _history(outputs, settings.output, _USUAL_HISTORIES)
    if said is None:
        text = _text(outputs, settings.output, _USUAL_REPLIES)
        return history, () if text is None else (Message(role=Role.ASSISTANT, text=text),)
    last = max((i for i, one in enumerate(said, 1) if one.role is Role.USER), default=0)
    if history is None:
        return (said[:last] or None), said[last:]
    # Either the whole conversation, or only what is new.
    return history, said[last:]


def _links(context: Any) -> Iterator[tuple[str, str]]:
    """Yields span links by type, those of the outermost context first."""
    if context is None:
        return
    yield from _links(context.parent)
    for link in context.links or ():
        yield str(link.type), link.span_context.span_id


def _history(
    values: Iterable[Any], name: str | None, usual: Sequence[str]
) -> tuple[Message, ...] | None:
    """Finds a chat history: by its name, or else by its type, or by a usual name if it is JSON."""
    lists = [
        one
        for one in values
        if isinstance(one.value, list)
        and one.value
        and (one.type == "CHAT_HISTORY" or (one.type == "JSON" and (name or _same(one, usual))))
    ]
    chosen = [one for one in lists if name is None or _plain(one.name) == _plain(name)]
    for one in sorted(chosen, key=lambda one: one.type == "JSON"):
        items = [item if isinstance(item, dict) else item.dict() for item in one.value]
        try:
            return read_messages(items, TranscriptNames())[0]
        except ValueError:
            continue
    return None


def _text(values: Iterable[Any], name: str | None, usual: Sequence[str]) -> str | None:
    """Finds a text: by its name, or else by a usual one, or else the only one."""
    texts = {_plain(one.name): one.value for one in values if one.type == "STRING" and one.value}
    if name is not None:
        return texts.get(_plain(name))
    for one in usual:
        if one in texts:
            return str(texts[one])
    return str(*texts.values()) if len(texts) == 1 else None


def _same(value: Any, names: Sequence[str]) -> bool:
    return _plain(value.name) in names


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


def _is_marked_bad(found: SlimWorkflowExecutionRead, bad_below: float) -> bool:
    quality = None if found.latest_actual is None else found.latest_actual.quality
    scores = [
        one.value
        for result in found.metric_results
        for one in result.outputs
        if one.type == "NUMBER" and one.value is not None
        if one.name == "score" or len(result.outputs) == 1
    ]
    return any(score < bad_below for score in (*scores, *([] if quality is None else [quality])))


def newest_first(executions: Sequence[Execution]) -> bool:
    """Checks whether executions come in descending order of their start."""
    times: list[datetime] = [one.started_at for one in executions]
    return times == sorted(times, reverse=True)
