"""The Test Suites of the stand-in for Vellum: cases are listed by pages and changed in bulk."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from aiohttp import web

from tests.support.vellum_contract import BULK_RESULT, check
from tests.support.vellum_failures import FAILURES, json_answer
from tests.support.vellum_suite_runs import StandInRuns, page_answer

Case = dict[str, Any]


@dataclass
class StandInSuite:
    """A Test Suite, and how its next bulk requests go; every field may be changed at any time."""

    cases: dict[str, Case] = field(default_factory=dict)
    """By Vellum's own ids."""
    faults: list[str] = field(default_factory=list)
    """Of the next bulk requests, one each: `fine`; `status:500`, nothing done; `hang`,
    nothing done nor answered; `drop` or `garbage`,
    all done, but the last result left out or unreadable; `cut`, all done, but the connection lost
    after the first result."""
    rejects: dict[str, str] = field(default_factory=dict)
    """Why cases are rejected, by external ids."""
    reject_all: str = ""
    """Why all cases are rejected; empty where they are not."""
    rejects_without_id: bool = False
    """Whether a rejection leaves out which operation it is of, as the contract allows."""
    variables: dict[str, str] | None = None
    """The input variables' types by name, which every case must match exactly; None takes any."""
    page_size: int = 100
    """How many items of a list are given at most, whatever is asked for."""
    pages: list[tuple[int, int]] = field(default_factory=list)
    """The limit and offset of every list that was asked for."""
    bulks: list[list[dict[str, Any]]] = field(default_factory=list)
    """The operations of every bulk request, those that failed included."""
    id: str = field(default_factory=lambda: str(uuid4()))
    runs: StandInRuns = field(default_factory=StandInRuns)

    def add(self, external_id: str | None, **values: Any) -> str:
        """Adds a case as if somebody else had, and gives its id."""
        case_id = str(uuid4())
        empty = {"label": "", "input_values": [], "evaluation_values": []}
        self.cases[case_id] = {"id": case_id, "external_id": external_id, **empty, **values}
        return case_id

    def external_ids(self) -> list[str | None]:
        return [case["external_id"] for case in self.cases.values()]

    def _mismatch(self, data: dict[str, Any]) -> str:
        given = {value["name"]: value["type"] for value in data["input_values"]}
        if self.variables is None or given == self.variables:
            return ""
        return f"Input variables must exactly match: {json.dumps(self.variables)}"

    def perform(self, operation: dict[str, Any]) -> dict[str, Any]:
        """Does one operation and gives its result."""
        data = operation["data"]
        if operation["type"] == "DELETE":
            if self.cases.pop(data["id"], None) is None:
                return _result(operation, "REJECTED", detail="No TestCase matches the given query.")
            return _result(operation, "DELETED", id=data["id"])
        external_id = data["external_id"]
        reason = self.reject_all or self.rejects.get(external_id) or self._mismatch(data)
        if reason:
            result = _result(operation, "REJECTED", detail=reason)
            return {**result, "id": None} if self.rejects_without_id else result
        values = {
            "label": data["label"],
            "input_values": [_stored(value) for value in data["input_values"]],
            "evaluation_values": [_stored(value) for value in data["evaluation_values"]],
        }
        for case in self.cases.values():
            if case["external_id"] == external_id:
                case.update(values)
                return _result(operation, "REPLACED", id=case["id"])
        return _result(operation, "CREATED", id=self.add(external_id, **values))


async def answer_test_suite(
    request: web.BaseRequest, suites: dict[str, StandInSuite]
) -> web.StreamResponse:
    """Answers what is asked below /v1/test-suites."""
    _, _, _, name, endpoint = request.raw_path.partition("?")[0].split("/")
    suite = suites.get(unquote(name)) or next(
        (one for one in suites.values() if one.id == name), None
    )
    if not request.headers.get("x-api-key"):
        return json_answer({"detail": "Authentication credentials were not provided."}, 403)
    if suite is None:
        return json_answer({"detail": "No TestSuite matches the given query."}, 404)
    if (request.method, endpoint) == ("GET", "test-cases"):
        return _listed(suite, int(request.query["limit"]), int(request.query["offset"]))
    if (request.method, endpoint) == ("POST", "test-cases-bulk"):
        return await _changed(request, suite)
    return json_answer({"detail": "Not found."}, 404)


def _listed(suite: StandInSuite, limit: int, offset: int) -> web.Response:
    suite.pages.append((limit, offset))
    return page_answer(list(suite.cases.values()), min(limit, suite.page_size), offset)


async def _changed(request: web.BaseRequest, suite: StandInSuite) -> web.StreamResponse:
    operations = json.loads(await request.read())
    suite.bulks.append(operations)
    fault = suite.faults.pop(0) if suite.faults else "fine"
    if fault.startswith("status:"):
        sent = json.dumps(operations[0]["data"].get("input_values"))
        said = f"{request.headers['x-api-key']}: {sent}"
        return json_answer({"detail": said}, int(fault.removeprefix("status:")))
    if fault == "hang":
        return await FAILURES["hang"](request, "")
    results = [[suite.perform(operation)] for operation in operations]
    for result in results:
        check("bulk result", BULK_RESULT, result)
    lines = [json.dumps(result) for result in results]
    if fault in ("drop", "garbage"):
        lines[-1:] = ['[{"id": '] if fault == "garbage" else []
    response = web.StreamResponse(headers={"content-type": "application/x-ndjson"})
    await response.prepare(request)
    for line in lines:
        await response.write(f"{line}\n".encode())
        if fault == "cut" and request.transport:
            request.transport.close()
            break
    return response


def _result(operation: dict[str, Any], outcome: str, **data: str) -> dict[str, Any]:
    return {"id": operation["id"], "type": outcome, "data": data}


def _stored(value: dict[str, Any]) -> dict[str, Any]:
    """A variable's value as it is listed; to messages Vellum adds what is not sent."""
    if value["type"] != "CHAT_HISTORY":
        return {**value, "variable_id": str(uuid4())}
    messages = [{**message, "source": None, "metadata": None} for message in value["value"]]
    return {**value, "variable_id": str(uuid4()), "value": messages}
