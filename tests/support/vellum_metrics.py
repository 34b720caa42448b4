"""The metrics of the stand-in for Vellum."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote
from uuid import NAMESPACE_URL, uuid5

from aiohttp import web

from tests.support.vellum_failures import json_answer


def half(inputs: dict[str, Any]) -> list[dict[str, Any]]:
    """A score of one half, with its reason."""
    return [
        {"type": "NUMBER", "name": "score", "value": 0.5},
        {"type": "STRING", "name": "reason", "value": "So so."},
    ]


@dataclass
class StandInMetric:
    """How one metric behaves."""

    outputs: Callable[[dict[str, Any]], list[dict[str, Any]]] = half
    """From the inputs' values by name to the outputs."""
    inputs: dict[str, str] = field(default_factory=lambda: {"chat_history": "CHAT_HISTORY"})
    """Its input variables' types by name."""
    failures: list[int] = field(default_factory=list)
    """The statuses that the next executions are refused with."""
    received: list[dict[str, Any]] = field(default_factory=list)
    """The inputs' values by name, of each execution."""
    release_tags: list[str | None] = field(default_factory=list)


async def answer_metric(
    request: web.BaseRequest, metrics: Mapping[str, StandInMetric]
) -> web.Response:
    """Answers what is asked at /v1/metric-definitions/…."""
    _, _, _, name, kind, *rest = request.raw_path.partition("?")[0].split("/")
    name = unquote(name)
    if not request.headers.get("x-api-key"):
        return json_answer({"detail": "Authentication credentials were not provided."}, 403)
    metric = metrics.get(name)
    if metric is None:
        return json_answer({"detail": "No MetricDefinition matches the given query."}, 404)
    if kind == "history":
        return json_answer(_described(name, unquote(rest[0]), metric))
    body = json.loads(await request.read())
    metric.release_tags.append(body.get("release_tag"))
    if metric.failures:
        return json_answer({"detail": "No."}, metric.failures.pop(0))
    values = {one["name"]: one["value"] for one in body["inputs"]}
    if unknown := values.keys() - metric.inputs.keys():
        return json_answer({"detail": f"inputs: unknown {sorted(unknown)}"}, 400)
    metric.received.append(values)
    return json_answer({"outputs": metric.outputs(values)})


def _described(name: str, tag: str, metric: StandInMetric) -> dict[str, Any]:
    return {
        "id": str(uuid5(NAMESPACE_URL, f"{name}/{tag}")),
        "label": name,
        "name": name,
        "description": "",
        "input_variables": [
            {"id": key, "key": key, "type": type_, "required": True}
            for key, type_ in metric.inputs.items()
        ],
        "output_variables": [{"id": "score", "key": "score", "type": "NUMBER"}],
    }
