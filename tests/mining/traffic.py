"""Traffic of a Workflow Deployment as Vellum lists it, from conversations that are known."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
Said = tuple[str, str]
"""A role and a text."""


@dataclass
class Traffic:
    """Executions, oldest first, and which conversation each belongs to."""

    rng: Random = field(default_factory=lambda: Random(1))
    executions: list[dict[str, Any]] = field(default_factory=list)
    owners: dict[str, int] = field(default_factory=dict)

    def id(self) -> str:
        return str(UUID(int=self.rng.getrandbits(128)))

    def execution(
        self,
        at: datetime,
        inputs: Iterable[dict[str, Any]],
        outputs: Iterable[dict[str, Any]],
        owner: int = 0,
        **more: Any,
    ) -> dict[str, Any]:
        """Adds an execution; `more` changes its fields, `context` those of its parent context."""
        context = more.pop("context", {})
        one = {
            "span_id": self.id(),
            "start": at.isoformat().replace("+00:00", "Z"),
            "end": at.isoformat().replace("+00:00", "Z"),
            "inputs": list(inputs),
            "outputs": list(outputs),
            "error": None,
            "usage_results": [],
            "parent_context": {
                "type": "WORKFLOW_RELEASE_TAG",
                "span_id": self.id(),
                "deployment_id": self.id(),
                "deployment_name": "support-bot",
                "deployment_history_item_id": self.id(),
                "release_tag_id": self.id(),
                "release_tag_name": "production",
                "workflow_version_id": self.id(),
                "external_id": None,
                "metadata": None,
                "links": None,
                "parent": None,
                **context,
            },
            "latest_actual": None,
            "metric_results": [],
            **more,
        }
        self.executions.append(one)
        self.owners[one["span_id"]] = owner
        return one

    def stateless(
        self, said: list[Said], start: datetime, owner: int = 0, **more: Any
    ) -> list[dict[str, Any]]:
        """A conversation of a chatbot that receives the whole history each time."""
        made = []
        for index, (role, _) in enumerate(said):
            if role != "USER":
                continue
            reply = said[index + 1][1] if index + 1 < len(said) else None
            made.append(
                self.execution(
                    start + timedelta(seconds=40 * index),
                    [history("chat_history", said[: index + 1])],
                    [string("final-output", reply)],
                    owner,
                    **more,
                )
            )
        return made

    def stateful(
        self,
        said: list[Said],
        start: datetime,
        owner: int = 0,
        *,
        linked: bool = True,
        **context: Any,
    ) -> list[dict[str, Any]]:
        """A conversation of a chatbot that keeps it; linked by spans, or else by its outputs."""
        made: list[dict[str, Any]] = []
        for index, (role, text) in enumerate(said):
            if role != "USER":
                continue
            ends = (("PREVIOUS_SPAN", made[-1]), ("ROOT_SPAN", made[0])) if made and linked else ()
            links = [link(kind, one["span_id"], self.id()) for kind, one in ends]
            reply = said[index + 1][1] if index + 1 < len(said) else None
            output = string("response", reply) if linked else history("chat", said[: index + 2])
            made.append(
                self.execution(
                    start + timedelta(seconds=40 * index),
                    [string("user_message", text)],
                    [output],
                    owner,
                    context={**context, "links": links},
                )
            )
        return made

    def listed(self) -> list[dict[str, Any]]:
        """The executions in the order of time."""
        return sorted(self.executions, key=lambda one: str(one["start"]))


def string(name: str, value: str | None) -> dict[str, Any]:
    return {"id": f"id-{name}", "name": name, "type": "STRING", "value": value}


def history(name: str, said: list[Said]) -> dict[str, Any]:
    messages = [{"role": role, "text": text} for role, text in said]
    return {"id": f"id-{name}", "name": name, "type": "CHAT_HISTORY", "value": messages}


def link(kind: str, span_id: str, trace_id: str) -> dict[str, Any]:
    context = {
        "type": "WORKFLOW",
        "span_id": span_id,
        "workflow_definition": {"id": trace_id, "name": "W", "module": ["w"]},
    }
    return {"trace_id": trace_id, "type": kind, "span_context": context}


OPENINGS = "Hi", "Hello", "Track my order", "I need help", "Where is my parcel?"


def conversations(rng: Random, count: int, executions: int) -> list[list[Said]]:
    """Conversations with this many user messages in all. Many open alike, and go on differently."""
    turns = [1] * count
    for _ in range(executions - count):
        turns[rng.randrange(count)] += 1
    made = []
    for index, number in enumerate(turns):
        said: list[Said] = []
        for turn in range(number):
            user = rng.choice(OPENINGS) if turn == 0 else f"question {index}-{turn}?"
            said.append(("USER", user))
            same = turn == 0 and number > 1 and rng.random() < 0.6
            said.append(
                ("ASSISTANT", "Hello, how can I help?" if same else f"reply {index}-{turn}")
            )
        made.append(said)
    return made
