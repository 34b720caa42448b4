"""The Test Suite runs of the stand-in for Vellum: created, polled until they end, and listed."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from aiohttp import web

from tests.support.vellum_contract import RUN_STATES
from tests.support.vellum_failures import UNCHECKED, failing, json_answer

if TYPE_CHECKING:
    from tests.support.vellum_test_suites import StandInSuite


def score(reply: str) -> list[dict[str, Any]]:
    """The outputs of the one metric that a stand-in has by default: longer is better."""
    return [{"type": "NUMBER", "name": "score", "value": len(reply) / 100}]


@dataclass
class StandInRuns:
    """The runs of a Test Suite, and how its next one goes; every field may be changed."""

    created: list[dict[str, Any]] = field(default_factory=list)
    """What each run was created with, in order; its own id is at `id`."""
    output_name: str = "output"
    """The output variable that the metrics take."""
    states: list[str] = field(default_factory=lambda: ["QUEUED", "RUNNING", "COMPLETE"])
    """Which states a run is found in, one a poll; it stays in the last."""
    metric: Callable[[str], list[dict[str, Any]]] = score
    """From a reply to the outputs of the metric."""
    label: str | None = "Politeness"
    """What the Test Suite calls the metric; None where it has no label."""
    expands: tuple[str, ...] = ("metric_results.", "results.metric_results.")
    """Which spellings of `expand` are understood: the present one, and that of before SDK 1.5.5."""
    metric_id: str = field(default_factory=lambda: str(uuid4()))
    unevaluated: int = 0
    """How many of the last cases have no execution, as if the run had not come to them."""
    faults: dict[str, list[str]] = field(default_factory=dict)
    """How the next requests fail, one each, by `create`, `retrieve` and `executions`: spelt as in
    FAILURES; with `then:` before it, the request is heeded and only its answer fails."""
    asked: list[str] = field(default_factory=list)
    """Which of the three were asked for, in order."""


async def answer_suite_run(
    request: web.BaseRequest, suites: "dict[str, StandInSuite]"
) -> web.StreamResponse:
    """Answers what is asked at /v1/test-suite-runs and below it."""
    if not request.headers.get("x-api-key"):
        return json_answer({"detail": "Authentication credentials were not provided."}, 403)
    if request.method == "POST":
        body = json.loads(await request.read())
        return await _answered("create", request, _suite_of(body, suites), body)
    _, _, _, run_id, *endpoint = request.path.split("/")
    for suite in suites.values():
        for run in suite.runs.created:
            if run["id"] == run_id:
                return await _answered(
                    "executions" if endpoint else "retrieve", request, suite, run
                )
    return json_answer({"detail": "No TestSuiteRun matches the given query."}, 404)


async def _answered(
    what: str, request: web.BaseRequest, suite: "StandInSuite | None", subject: dict[str, Any]
) -> web.StreamResponse:
    if suite is None:
        return json_answer({"detail": "No TestSuite matches the given query."}, 404)
    suite.runs.asked.append(what)
    faults = suite.runs.faults.get(what)
    fault = faults.pop(0) if faults else ""
    answer = None
    if not fault or fault.startswith("then:"):
        answer = _ANSWERS[what](request, suite, subject)
    if answer is not None and not fault:
        return answer
    return await failing(request, fault.removeprefix("then:"))


def _suite_of(body: dict[str, Any], suites: "dict[str, StandInSuite]") -> "StandInSuite | None":
    if "test_suite_name" in body:
        return suites.get(body["test_suite_name"])
    return next((one for one in suites.values() if one.id == body["test_suite_id"]), None)


def _created(request: web.BaseRequest, suite: "StandInSuite", body: dict[str, Any]) -> web.Response:
    config = body["exec_config"]
    executed = {one["test_case_id"] for one in config["data"]["executions"]}
    outputs = [one for execution in config["data"]["executions"] for one in execution["outputs"]]
    if config["type"] != "EXTERNAL" or not executed <= suite.cases.keys():
        return json_answer({"detail": "There is no such test case."}, 400)
    # Without this list Vellum runs all cases, those without an output included.
    if set(config.get("test_case_ids") or suite.cases) != executed:
        return json_answer({"detail": "Some test cases have no execution."}, 400)
    if {(one["type"], one["name"]) for one in outputs} != {("STRING", suite.runs.output_name)}:
        return json_answer({"detail": f"No such output variable: {json.dumps(outputs)}"}, 400)
    run = {**body, "id": str(uuid4()), "states": list(suite.runs.states)}
    suite.runs.created.append(run)
    return json_answer(_shown(suite, run, "QUEUED"), 201)


def _retrieved(
    request: web.BaseRequest, suite: "StandInSuite", run: dict[str, Any]
) -> web.Response:
    states = run["states"]
    state = states.pop(0) if len(states) > 1 else states[0]
    answer = json_answer(_shown(suite, run, state))
    if state not in RUN_STATES:  # one that a newer Vellum may have
        answer[UNCHECKED] = True
    return answer


def _shown(suite: "StandInSuite", run: dict[str, Any], state: str) -> dict[str, Any]:
    named = {"id": suite.id, "history_item_id": str(uuid4()), "label": "My Test Suite"}
    created = "2026-11-24T05:35:16.000000Z"
    return {"id": run["id"], "created": created, "test_suite": named, "state": state}


def _executions(
    request: web.BaseRequest, suite: "StandInSuite", run: dict[str, Any]
) -> web.Response:
    executions = run["exec_config"]["data"]["executions"]
    listed = executions[: len(executions) - suite.runs.unevaluated]
    expand = request.query.getall("expand", [])
    items = [_execution(execution, suite.runs, expand) for execution in listed]
    limit, offset = int(request.query["limit"]), int(request.query["offset"])
    return page_answer(items, min(limit, suite.page_size), offset)


def _execution(execution: dict[str, Any], runs: StandInRuns, expand: list[str]) -> dict[str, Any]:
    ((said,)) = [output["value"] for output in execution["outputs"]]
    result: dict[str, Any] = {"metric_id": runs.metric_id, "outputs": runs.metric(said)}
    asked = {one.removeprefix(by) for one in expand for by in runs.expands if one.startswith(by)}
    if "metric_label" in asked and runs.label is not None:
        result["metric_label"] = runs.label
    if "metric_definition" in asked:
        result["metric_definition"] = {"id": "d1", "name": "politeness"}
    outputs = [{**output, "output_variable_id": str(uuid4())} for output in execution["outputs"]]
    return {
        "id": str(uuid4()),
        "test_case_id": execution["test_case_id"],
        "outputs": outputs,
        "metric_results": [result],
    }


def page_answer(items: list[dict[str, Any]], limit: int, offset: int) -> web.Response:
    """Answers with a part of a list."""
    page = items[offset : offset + limit]
    return json_answer({"count": len(items), "results": page, "next": None, "previous": None})


_ANSWERS = {"create": _created, "retrieve": _retrieved, "executions": _executions}
