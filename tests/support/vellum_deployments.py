"""The Workflow and Prompt Deployments of the stand-in for Vellum: what they take, say and keep."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote
from uuid import UUID, uuid4, uuid5

from aiohttp import web

from tests.support.vellum_failures import json_answer
from tests.support.vellum_streams import PROMPT, Meta

ChatHistory = list[dict[str, Any]]

NAMESPACE = UUID("6f6d1f0e-3c1b-5d0a-9d7e-0d0b7a5a2c11")
TAGS = "LATEST", "production", "staging", "next", "old", "v1", "v2"
CREATED = "2026-11-24T05:35:16.000000Z"


def bot_reply(seed_id: str, chat_history: ChatHistory) -> str:
    """A statement that differs with the seed and with the messages before it."""
    a, b, c, d = _four_words(seed_id, chat_history)
    return f"Answer {a}: page {b} covers it, {c} has the exceptions and {d} the prices."


def user_reply(seed_id: str, chat_history: ChatHistory) -> str:
    """A short question that differs with the seed and with the messages before it."""
    a, b, c, _ = _four_words(seed_id, chat_history)
    return f"And what about {a}, if {b} comes with {c}?"


def _four_words(seed_id: str, chat_history: ChatHistory) -> list[str]:
    said = "\n".join([seed_id, *(str(message.get("text")) for message in chat_history)])
    digest = blake2b(said.encode(), digest_size=8).hexdigest()
    return [digest[start : start + 4] for start in range(0, 16, 4)]


def as_text(history: ChatHistory) -> tuple[str, Any]:
    """An output that is the text of the last message."""
    return "STRING", history[-1].get("text")


def as_chat_history(history: ChatHistory) -> tuple[str, Any]:
    """An output that is the whole conversation."""
    return "CHAT_HISTORY", history


def as_json_list(history: ChatHistory) -> tuple[str, Any]:
    """The output of a Workflow that is declared as `list`: JSON that is a chat history."""
    return "JSON", history


@dataclass
class StandInExecution:
    """An execution that was fulfilled, for others to continue from."""

    history: ChatHistory
    previous: str | None
    continued_by: list[str] = field(default_factory=list)
    """More than one where a turn was repeated."""


@dataclass
class StandInDeployment:
    """How one Workflow or Prompt Deployment behaves; every field may be changed at any time."""

    reply: Callable[[str, ChatHistory], str] = bot_reply
    """From the seed's id and the chat history as received to the text of the reply."""
    latency_ms: float = 0
    failures: list[str] = field(default_factory=list)
    """How the next calls fail, one each; after them calls succeed."""
    always: str | None = None
    """How every call fails."""
    when_history_contains: dict[str, str] = field(default_factory=dict)
    """How every call fails that has this text somewhere in its chat history."""
    metas: list[Meta | None] = field(default_factory=lambda: [PROMPT])
    """What each of its prompt nodes says of its execution; only a stream tells."""
    stream_fault: str = "fine"
    """How its streams go wrong: one of FAULTS."""
    inputs: dict[str, str] = field(default_factory=lambda: {"chat_history": "CHAT_HISTORY"})
    """Its input variables' types by name; one with `?` behind its type is not required."""
    output_name: str = "final-output"
    output: Callable[[ChatHistory], tuple[str, Any]] = as_text
    """From the conversation with the reply to the output's type and value."""
    output_type: str = "STRING"
    """As its release declares it."""
    releases: dict[str, str] = field(default_factory=lambda: {tag: str(uuid4()) for tag in TAGS})
    """Releases' ids by release tags."""
    unreadable: int = 0
    """The status that reading the deployment is refused with; 0 where it may be read."""
    traffic: list[dict[str, Any]] = field(default_factory=list)
    """Executions to list, as Vellum lists them, oldest first."""
    arriving: list[list[dict[str, Any]]] = field(default_factory=list)
    """Executions that happen after each request for a page of them, one list each."""
    page_failures: list[int] = field(default_factory=list)
    """The statuses that the next requests for a page of executions are refused with."""
    executions: dict[str, StandInExecution] = field(default_factory=dict)
    """Those that can be continued, by id."""

    def next_failure(self, chat_history: ChatHistory) -> str | None:
        """Says how this call fails, if it does."""
        for text, failure in self.when_history_contains.items():
            if any(text in (message.get("text") or "") for message in chat_history):
                return failure
        return self.failures.pop(0) if self.failures else self.always

    def tag(self, sent: str | None) -> str | None:
        """The tag that means a release, if the release's own tag was sent."""
        return next((tag for tag, id_ in self.releases.items() if id_ == sent), sent)

    @property
    def forks(self) -> list[str]:
        """Executions that several others continue: a turn was repeated."""
        return [id_ for id_, one in self.executions.items() if len(one.continued_by) > 1]

    def history_of(self, inputs: Mapping[str, Any], previous: str | None) -> ChatHistory | None:
        """The conversation that a call is to continue; None where the inputs hold none.

        Raises:
            LookupError: the execution to continue from is not known.
        """
        if "CHAT_HISTORY" in map(_type, self.inputs.values()) and previous is None:
            name = next(n for n, type_ in self.inputs.items() if _type(type_) == "CHAT_HISTORY")
            value = inputs.get(name)
            return value if isinstance(value, list) else None
        message = next((value for value in inputs.values() if isinstance(value, str)), None)
        before = self.executions[previous].history if previous is not None else []
        return None if message is None else [*before, {"role": "USER", "text": message}]

    def keep(self, execution_id: str, history: ChatHistory, previous: str | None) -> None:
        """Remembers an execution that was fulfilled."""
        self.executions[execution_id] = StandInExecution(history, previous)
        if previous is not None:
            self.executions[previous].continued_by.append(execution_id)


def _type(declared: str) -> str:
    return declared.removesuffix("?")


def deployment_id(name: str) -> str:
    """The id of the deployment with this name."""
    return str(uuid5(NAMESPACE, name))


def found(
    deployments: Mapping[str, StandInDeployment], name_or_id: str | None
) -> tuple[str, StandInDeployment] | None:
    """Finds a deployment by its name or its id."""
    for name, deployment in deployments.items():
        if name_or_id in (name, deployment_id(name)):
            return name, deployment
    return None


def answer_deployment(
    request: web.BaseRequest, deployments: Mapping[str, StandInDeployment], body: bytes
) -> web.Response:
    """Answers what is asked at /v1/workflow-deployments/… and /v1/deployments/…."""
    _, _, kind, name_or_id, *rest = request.raw_path.partition("?")[0].split("/")
    there = found(deployments, unquote(name_or_id))
    if not request.headers.get("x-api-key"):
        return json_answer({"detail": "Authentication credentials were not provided."}, 403)
    if there is None:
        model = "WorkflowDeployment" if kind == "workflow-deployments" else "Deployment"
        return json_answer({"detail": f"No {model} matches the given query."}, 404)
    name, deployment = there
    if deployment.unreadable:
        return json_answer({"detail": "You may not do this."}, deployment.unreadable)
    if not rest:
        return json_answer(_described(name, deployment, kind))
    if rest[0] == "execution-events":
        return answer_executions(request, deployment)
    if rest[0] == "release-tags":
        return _answer_tag(body, deployment, unquote(rest[1]))
    wanted = unquote(rest[1])
    release = deployment.releases.get(wanted, wanted)
    if release not in deployment.releases.values():
        return json_answer({"detail": "No release matches the given query."}, 404)
    return json_answer(_release(name, deployment, kind, release))


def answer_executions(request: web.BaseRequest, deployment: StandInDeployment) -> web.Response:
    """Answers with a page of executions, and lets further ones happen."""
    if deployment.page_failures:
        status = deployment.page_failures.pop(0)
        return json_answer({"detail": "Not now."}, status, **{"Retry-After": "0"})
    query = dict(request.query)
    limit, offset = int(query.pop("limit", 100)), int(query.pop("offset", 0))
    # GUESS: the largest page, and what the executions can be ordered by.
    if not 1 <= limit <= 100 or offset < 0 or query != {"ordering": "-timestamp"}:
        return json_answer({"detail": f"Expected a page of up to 100, found {query}."}, 400)
    listed = sorted(deployment.traffic, key=lambda one: str(one["start"]), reverse=True)
    page = {"count": len(listed), "results": listed[offset : offset + limit]}
    if deployment.arriving:
        deployment.traffic = [*deployment.traffic, *deployment.arriving.pop(0)]
    return json_answer(page)


def _answer_tag(body: bytes, deployment: StandInDeployment, tag: str) -> web.Response:
    if tag not in deployment.releases:
        return json_answer({"detail": "No release tag matches the given query."}, 404)
    if body:
        # GUESS: that a history item has the id of its release.
        deployment.releases[tag] = json.loads(body)["history_item_id"]
    release = {"id": deployment.releases[tag], "timestamp": CREATED}
    source = "SYSTEM" if tag == "LATEST" else "USER"
    return json_answer({"name": tag, "source": source, "history_item": release, "release": release})


def _described(name: str, deployment: StandInDeployment, kind: str) -> dict[str, Any]:
    described = {
        "id": deployment_id(name),
        "name": name,
        "label": name,
        "status": "ACTIVE",
        "created": CREATED,
        "last_deployed_on": CREATED,
        "last_deployed_history_item_id": deployment.releases["LATEST"],
        "input_variables": list(_inputs(name, deployment)),
    }
    if kind == "deployments":
        return {**described, "active_model_version_ids": []}
    return {**described, "output_variables": [_output(name, deployment)]}


def _release(name: str, deployment: StandInDeployment, kind: str, release: str) -> dict[str, Any]:
    tags = [tag for tag, id_ in deployment.releases.items() if id_ == release]
    common = {
        "id": release,
        "created": CREATED,
        "environment": {"id": _id(name, "environment"), "name": "production", "label": "P"},
        "created_by": None,
        "deployment": {"id": deployment_id(name), "name": name},
        # GUESS: that a release has a tag of its own, which no other release ever gets.
        "release_tags": [
            {"name": release, "source": "SYSTEM"},
            *({"name": tag, "source": "SYSTEM" if tag == "LATEST" else "USER"} for tag in tags),
        ],
        "reviews": [],
    }
    if kind == "deployments":
        version = {"id": _id(name, "version"), "ml_model_to_workspace_id": _id(name, "model")}
        build = {
            "source": "SANDBOX",
            "sandbox_id": _id(name, "s"),
            "sandbox_snapshot_id": _id(name, "t"),
            "prompt_id": _id(name, "p"),
        }
        return {**common, "prompt_version": {**version, "build_config": build}}
    described: dict[str, Any] = {
        "id": _id(name, "version"),
        "input_variables": list(_inputs(name, deployment)),
        "output_variables": [_output(name, deployment)],
    }
    return {**common, "workflow_version": described}


def _inputs(name: str, deployment: StandInDeployment) -> Iterable[dict[str, Any]]:
    for key, declared in deployment.inputs.items():
        required = not declared.endswith("?")
        yield {"id": _id(name, key), "key": key, "type": _type(declared), "required": required}


def _output(name: str, deployment: StandInDeployment) -> dict[str, Any]:
    key = deployment.output_name
    return {"id": _id(name, key), "key": key, "type": deployment.output_type}


def _id(*parts: str) -> str:
    return str(uuid5(NAMESPACE, "/".join(parts)))
