"""What Vellum's API accepts and answers, for the endpoints that Duologue uses.

Written from the SDK's types and the facts of Vellum's published OpenAPI description. It is strict
about formats, required fields, enums and lengths. What neither source says is a guess, marked GUESS
below and listed in docs/reference/vellum.md.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import fastjsonschema

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
ANYTHING: Schema = {}
UUID_TEXT: Schema = {"type": "string", "format": "uuid"}
TIME: Schema = {"type": "string", "format": "date-time"}
FREE_OBJECT: Schema = {"type": "object"}
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 150}
EXTERNAL_ID: Schema = {"type": "string", "minLength": 1, "maxLength": 255}
"""GUESS: no source gives its longest length."""
DETAIL: Schema = {"type": "object", "required": ["detail"], "properties": {"detail": STRING}}
"""GUESS: the body of errors; the description calls them objects with anything in them."""


def one_of(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [{"type": "null"}, schema]}


def list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def model(required: Mapping[str, Schema], optional: Mapping[str, Schema] = {}) -> Schema:
    """An object as an answer has it: unknown fields are allowed."""
    properties = {**required, **optional}
    return {"type": "object", "required": list(required), "properties": properties}


def request(required: Mapping[str, Schema], optional: Mapping[str, Schema] = {}) -> Schema:
    """An object as Duologue sends it: a field that Vellum does not know is a mistake."""
    return {**model(required, optional), "additionalProperties": False}


def union(tag: str, alternatives: Mapping[str, Schema]) -> Schema:
    """An object whose schema depends on one of its fields."""
    return {
        "type": "object",
        "required": [tag],
        "properties": {tag: {"enum": list(alternatives)}},
        "allOf": [
            {"if": {"properties": {tag: {"const": name}}}, "then": schema}
            for name, schema in alternatives.items()
        ],
    }


def typed(type_: str, value: Schema, more: Mapping[str, Schema] = {}, make: Any = model) -> Schema:
    schema: Schema = make({"type": {"const": type_}, "value": value, **more})
    return schema


MEDIA = model({"src": STRING}, {"metadata": nullable(FREE_OBJECT)})
FUNCTION_CALL = model({"name": STRING, "arguments": FREE_OBJECT}, {"id": nullable(STRING)})
_CONTENT_ITEMS = {
    "STRING": typed("STRING", STRING),
    "FUNCTION_CALL": typed("FUNCTION_CALL", FUNCTION_CALL),
    **{kind: typed(kind, MEDIA) for kind in ("AUDIO", "VIDEO", "IMAGE", "DOCUMENT")},
}
CONTENT = union(
    "type",
    {**_CONTENT_ITEMS, "ARRAY": typed("ARRAY", list_of(union("type", _CONTENT_ITEMS)))},
)
CHAT_MESSAGE = model(
    {"role": one_of("SYSTEM", "ASSISTANT", "USER", "FUNCTION")},
    {
        "text": nullable(STRING),
        "content": nullable(CONTENT),
        "source": nullable(STRING),
        "metadata": nullable(FREE_OBJECT),
    },
)
CHAT_HISTORY = list_of({**CHAT_MESSAGE, "additionalProperties": False})

_MARKS = {
    "release_tag": nullable(NAME),
    "external_id": nullable(EXTERNAL_ID),
    "metadata": nullable(FREE_OBJECT),
}

# Executing a Workflow Deployment.

_INPUTS = {
    "STRING": typed("STRING", STRING, {"name": STRING}, request),
    "NUMBER": typed("NUMBER", NUMBER, {"name": STRING}, request),
    "JSON": typed("JSON", ANYTHING, {"name": STRING}, request),
    "CHAT_HISTORY": typed("CHAT_HISTORY", CHAT_HISTORY, {"name": STRING}, request),
}
_FLAGS = {"usage": nullable({"type": "boolean"}), "cost": nullable({"type": "boolean"})}
_EXPAND_META = request({}, {**_FLAGS, "model_name": nullable({"type": "boolean"})})
EXECUTE_WORKFLOW = request(
    {"inputs": list_of(union("type", _INPUTS))},
    {
        **_MARKS,
        "expand_meta": nullable(_EXPAND_META),
        "workflow_deployment_id": nullable(UUID_TEXT),
        "workflow_deployment_name": nullable(NAME),
        "previous_execution_id": nullable(UUID_TEXT),
    },
)
EXECUTE_WORKFLOW_STREAM = {
    **EXECUTE_WORKFLOW,
    "properties": {
        **EXECUTE_WORKFLOW["properties"],
        "event_types": list_of(one_of("NODE", "WORKFLOW")),
    },
}
EXECUTE_TRIGGER = request(
    {},
    {
        **_MARKS,
        "inputs": FREE_OBJECT,
        "trigger": nullable(STRING),
        "previous_execution_id": nullable(UUID_TEXT),
    },
)
ERROR_CODES = (
    *("WORKFLOW_INITIALIZATION", "WORKFLOW_CANCELLED", "WORKFLOW_TIMEOUT"),
    *("PROVIDER_CREDENTIALS_UNAVAILABLE", "INTEGRATION_CREDENTIALS_UNAVAILABLE"),
    *("NODE_EXECUTION_COUNT_LIMIT_REACHED", "INTERNAL_SERVER_ERROR", "NODE_EXECUTION"),
    *("NODE_CANCELLED", "NODE_TIMEOUT", "LLM_PROVIDER", "INVALID_TEMPLATE"),
    *("INVALID_INPUTS", "PROVIDER_QUOTA_EXCEEDED", "USER_DEFINED_ERROR"),
)
EVENT_ERROR = model(
    {"message": STRING, "code": one_of(*ERROR_CODES)},
    {"raw_data": nullable({"type": ["object", "string"]}), "stacktrace": nullable(STRING)},
)


def _output(type_: str, value: Schema) -> Schema:
    return typed(type_, nullable(value), {"id": STRING, "name": STRING})


OUTPUT = union(
    "type",
    {
        "STRING": _output("STRING", STRING),
        "NUMBER": _output("NUMBER", NUMBER),
        "JSON": _output("JSON", ANYTHING),
        "CHAT_HISTORY": _output("CHAT_HISTORY", list_of(CHAT_MESSAGE)),
        "ARRAY": _output("ARRAY", list_of(FREE_OBJECT)),
        "FUNCTION_CALL": _output("FUNCTION_CALL", FUNCTION_CALL),
        **{kind: _output(kind, MEDIA) for kind in ("AUDIO", "VIDEO", "IMAGE", "DOCUMENT")},
    },
)
_EXECUTION = {"execution_id": STRING}
_EXECUTION_MORE = {"run_id": nullable(STRING), "external_id": nullable(STRING)}
_RESULT = {"id": STRING, "ts": TIME}
EXECUTED_WORKFLOW = model(
    {
        **_EXECUTION,
        "data": union(
            "state",
            {
                "FULFILLED": model({**_RESULT, "outputs": list_of(OUTPUT)}),
                "REJECTED": model({**_RESULT, "error": EVENT_ERROR}),
            },
        ),
    },
    _EXECUTION_MORE,
)
_NODE = {"id": STRING, "node_id": STRING, "node_result_id": STRING}
_NODE_OUTPUT = model({"type": STRING, "value": ANYTHING, "node_output_id": STRING})
STREAM_EVENT = union(
    "type",
    {
        "WORKFLOW": model(
            {
                **_EXECUTION,
                "data": model(
                    {
                        **_RESULT,
                        "state": one_of(
                            "INITIATED", "STREAMING", "FULFILLED", "REJECTED", "PENDING"
                        ),
                        # Required, and null in most events.
                        "output": nullable(FREE_OBJECT),
                    },
                    {
                        "error": nullable(EVENT_ERROR),
                        "outputs": nullable(list_of(OUTPUT)),
                    },
                ),
            },
            _EXECUTION_MORE,
        ),
        "NODE": model(
            {
                **_EXECUTION,
                "data": union(
                    "state",
                    {
                        "INITIATED": model({**_NODE, "data": ANYTHING}),
                        "STREAMING": model({**_NODE, "data": nullable(FREE_OBJECT)}),
                        "FULFILLED": model(
                            {
                                **_NODE,
                                "data": nullable(model({"type": STRING, "data": FREE_OBJECT})),
                                "output_values": list_of(
                                    model(
                                        {
                                            "type": STRING,
                                            "value": ANYTHING,
                                            "node_output_id": STRING,
                                        }
                                    )
                                ),
                            }
                        ),
                        "REJECTED": model({**_NODE, "error": FREE_OBJECT}),
                    },
                ),
            },
            _EXECUTION_MORE,
        ),
    },
)
_SPAN = {"id": UUID_TEXT, "timestamp": TIME, "trace_id": UUID_TEXT, "span_id": UUID_TEXT}
_DEFINITION = model({"id": UUID_TEXT, "name": STRING, "module": list_of(STRING)})
TRIGGER_EVENT = union(
    "name",
    {
        "workflow.execution.initiated": model(
            {**_SPAN, "body": model({"workflow_definition": _DEFINITION, "inputs": FREE_OBJECT})}
        ),
        "workflow.execution.fulfilled": model(
            {**_SPAN, "body": model({"workflow_definition": _DEFINITION, "outputs": FREE_OBJECT})}
        ),
        "workflow.execution.rejected": model(
            {
                **_SPAN,
                "body": model(
                    {
                        "workflow_definition": _DEFINITION,
                        "error": model({"message": STRING, "code": STRING}),
                    }
                ),
            }
        ),
    },
)

# Executing a Prompt Deployment.

_PROMPT_INPUTS = {name: _INPUTS[name] for name in ("STRING", "JSON", "CHAT_HISTORY")}
_PROMPT_META_NAMES = "latency", "deployment_release_tag", "prompt_version_id", "finish_reason"
EXECUTE_PROMPT = request(
    {"inputs": list_of(union("type", _PROMPT_INPUTS))},
    {
        **_MARKS,
        "prompt_deployment_id": nullable(UUID_TEXT),
        "prompt_deployment_name": nullable(NAME),
        "expand_meta": nullable(
            request(
                {},
                {
                    **_EXPAND_META["properties"],
                    **dict.fromkeys(_PROMPT_META_NAMES, nullable({"type": "boolean"})),
                },
            )
        ),
    },
)
_PROMPT_OUTPUTS = {
    "STRING": typed("STRING", nullable(STRING)),
    "JSON": typed("JSON", ANYTHING),
    "FUNCTION_CALL": typed("FUNCTION_CALL", nullable(FUNCTION_CALL)),
    "THINKING": typed("THINKING", nullable(FREE_OBJECT)),
    "ERROR": typed("ERROR", nullable(FREE_OBJECT)),
}
_PROMPT_META = model(
    {},
    {
        "model_name": nullable(STRING),
        "usage": nullable(FREE_OBJECT),
        "cost": nullable(model({"value": NUMBER, "unit": STRING})),
        "finish_reason": nullable(one_of("LENGTH", "STOP", "UNKNOWN")),
    },
)
EXECUTED_PROMPT = union(
    "state",
    {
        "FULFILLED": model(
            {**_EXECUTION, "outputs": list_of(union("type", _PROMPT_OUTPUTS))},
            {"meta": _PROMPT_META},
        ),
        "REJECTED": model(
            {
                **_EXECUTION,
                "error": model(
                    {
                        "code": one_of(
                            *("INVALID_REQUEST", "INVALID_INPUTS", "PROVIDER_ERROR"),
                            "PROVIDER_CREDENTIALS_UNAVAILABLE",
                            "INTEGRATION_CREDENTIALS_UNAVAILABLE",
                            *("REQUEST_TIMEOUT", "INTERNAL_SERVER_ERROR", "USER_DEFINED_ERROR"),
                            *("WORKFLOW_CANCELLED", "NODE_CANCELLED"),
                            *("PROVIDER_QUOTA_EXCEEDED", "CHAT_QUOTA_EXCEEDED"),
                        ),
                        "message": STRING,
                    }
                ),
            },
            {"meta": _PROMPT_META},
        ),
    },
)

# Reading deployments and releases.

VARIABLE = model(
    {
        "id": STRING,
        "key": STRING,
        "type": one_of(
            *("STRING", "NUMBER", "JSON", "CHAT_HISTORY", "SEARCH_RESULTS", "ERROR", "ARRAY"),
            *("FUNCTION_CALL", "AUDIO", "VIDEO", "IMAGE", "DOCUMENT", "NULL", "THINKING"),
            "REFERENCE",
        ),
    },
    {"required": nullable({"type": "boolean"}), "default": ANYTHING},
)
_DEPLOYMENT = {
    "id": UUID_TEXT,
    "name": NAME,
    "label": NAME,
    "created": TIME,
    "last_deployed_on": TIME,
    "last_deployed_history_item_id": UUID_TEXT,
    "input_variables": list_of(VARIABLE),
}
WORKFLOW_DEPLOYMENT = model({**_DEPLOYMENT, "output_variables": list_of(VARIABLE)})
PROMPT_DEPLOYMENT = model({**_DEPLOYMENT, "active_model_version_ids": nullable(list_of(UUID_TEXT))})
_RELEASE = {
    "id": UUID_TEXT,
    "created": TIME,
    "environment": model({"id": UUID_TEXT, "name": STRING, "label": STRING}),
    "created_by": nullable(FREE_OBJECT),
    "deployment": model({"id": UUID_TEXT, "name": STRING}),
    "release_tags": list_of(model({"name": NAME, "source": one_of("SYSTEM", "USER")})),
    "reviews": list_of(FREE_OBJECT),
}
WORKFLOW_RELEASE = model(
    {
        **_RELEASE,
        "workflow_version": model(
            {
                "id": UUID_TEXT,
                "input_variables": list_of(VARIABLE),
                "output_variables": list_of(VARIABLE),
            }
        ),
    }
)
_BUILD = model({"source": STRING, "sandbox_id": UUID_TEXT, "sandbox_snapshot_id": UUID_TEXT})
PROMPT_RELEASE = model(
    {
        **_RELEASE,
        "prompt_version": model(
            {"id": UUID_TEXT, "ml_model_to_workspace_id": UUID_TEXT, "build_config": _BUILD}
        ),
    }
)

_TAGGED = model({"id": UUID_TEXT, "timestamp": TIME})
RELEASE_TAG = model(
    {
        "name": NAME,
        "source": one_of("SYSTEM", "USER"),
        "history_item": _TAGGED,
        "release": _TAGGED,
    }
)
MOVE_TAG = request({}, {"history_item_id": UUID_TEXT})

# Listing the executions of a Workflow Deployment.

_EXECUTION_VALUES = {
    "STRING": STRING,
    "NUMBER": NUMBER,
    "JSON": ANYTHING,
    "CHAT_HISTORY": list_of(CHAT_MESSAGE),
    "ARRAY": list_of(FREE_OBJECT),
    "FUNCTION_CALL": FUNCTION_CALL,
    "ERROR": model({"message": STRING, "code": STRING}),
    **dict.fromkeys(("AUDIO", "VIDEO", "IMAGE", "DOCUMENT"), MEDIA),
}
_EXECUTION_VALUE = union(
    "type", {kind: _output(kind, value) for kind, value in _EXECUTION_VALUES.items()}
)
_CONTEXT_KINDS = {
    "WORKFLOW_RELEASE_TAG": {
        "deployment_id": UUID_TEXT,
        "deployment_name": NAME,
        "deployment_history_item_id": UUID_TEXT,
        "release_tag_id": UUID_TEXT,
        "release_tag_name": NAME,
        "workflow_version_id": UUID_TEXT,
    },
    "WORKFLOW": {"workflow_definition": FREE_OBJECT},
    "API_REQUEST": {},
    "EXTERNAL": {},
}
_CONTEXT_MORE = {"external_id": nullable(EXTERNAL_ID), "metadata": nullable(FREE_OBJECT)}
_LINKED_CONTEXT = union(
    "type",
    {
        kind: model({"type": STRING, "span_id": UUID_TEXT, **fields}, _CONTEXT_MORE)
        for kind, fields in _CONTEXT_KINDS.items()
    },
)
_SPAN_LINK = model(
    {
        "trace_id": UUID_TEXT,
        "type": one_of("TRIGGERED_BY", "PREVIOUS_SPAN", "ROOT_SPAN"),
        "span_context": _LINKED_CONTEXT,
    }
)
_LINKS = {"links": nullable(list_of(_SPAN_LINK)), "parent": nullable(_LINKED_CONTEXT)}
_DEPLOYMENT_CONTEXT = model(
    {
        "type": one_of("WORKFLOW_RELEASE_TAG"),
        "span_id": UUID_TEXT,
        **_CONTEXT_KINDS["WORKFLOW_RELEASE_TAG"],
    },
    {**_CONTEXT_MORE, **_LINKS},
)
EXECUTION_EVENTS = model(
    {
        "count": {"type": "integer", "minimum": 0},
        "results": list_of(
            model(
                {
                    "span_id": UUID_TEXT,
                    "start": TIME,
                    "inputs": list_of(_EXECUTION_VALUE),
                    "outputs": list_of(_EXECUTION_VALUE),
                    "metric_results": list_of(
                        model(
                            {
                                "outputs": list_of(_EXECUTION_VALUE),
                                "label": STRING,
                                "metric_id": STRING,
                            }
                        )
                    ),
                },
                {
                    "end": nullable(TIME),
                    "error": nullable(EVENT_ERROR),
                    "usage_results": nullable(list_of(FREE_OBJECT)),
                    "parent_context": nullable(_DEPLOYMENT_CONTEXT),
                    "latest_actual": nullable(
                        model(
                            {"output": _EXECUTION_VALUE, "timestamp": TIME},
                            {"quality": nullable(NUMBER), "metadata": nullable(FREE_OBJECT)},
                        )
                    ),
                },
            )
        ),
    }
)

# Metrics.

_METRIC_INPUTS = {name: _INPUTS[name] for name in ("STRING", "JSON", "CHAT_HISTORY", "NUMBER")}
EXECUTE_METRIC = request(
    {"inputs": list_of(union("type", _METRIC_INPUTS))}, {"release_tag": nullable(NAME)}
)
METRIC_OUTPUT = union(
    "type",
    {
        "STRING": typed("STRING", nullable(STRING), {"name": STRING}),
        "NUMBER": typed("NUMBER", nullable(NUMBER), {"name": STRING}),
        "JSON": typed("JSON", ANYTHING, {"name": STRING}),
        "ARRAY": typed("ARRAY", nullable(list_of(FREE_OBJECT)), {"name": STRING}),
        "ERROR": typed("ERROR", model({"message": STRING, "code": STRING}), {"name": STRING}),
    },
)
EXECUTED_METRIC = model({"outputs": list_of(METRIC_OUTPUT)})
METRIC = model(
    {
        "id": STRING,
        "label": STRING,
        "name": STRING,
        "description": STRING,
        "input_variables": list_of(VARIABLE),
        "output_variables": list_of(VARIABLE),
    }
)

# Actuals of Workflow executions.


def _actual(desired: Schema) -> Schema:
    return request(
        {"output_type": STRING},
        {
            "output_id": nullable(STRING),
            "output_key": nullable(STRING),
            "quality": nullable({"type": "number", "minimum": 0, "maximum": 1}),
            "metadata": nullable(FREE_OBJECT),
            "timestamp": nullable(NUMBER),
            "desired_output_value": nullable(desired),
        },
    )


SUBMIT_ACTUALS = request(
    {
        "actuals": list_of(
            union(
                "output_type",
                {
                    "STRING": _actual(STRING),
                    "JSON": _actual(FREE_OBJECT),
                    "CHAT_HISTORY": _actual(CHAT_HISTORY),
                },
            )
        )
    },
    {"execution_id": nullable(STRING), "external_id": nullable(STRING)},
)

# Test Suites.


def _case_values(make: Any, more: Mapping[str, Schema] = {}) -> Schema:
    named = {"name": STRING, **more}
    history = CHAT_HISTORY if make is request else list_of(CHAT_MESSAGE)
    return union(
        "type",
        {
            "STRING": typed("STRING", nullable(STRING), named, make),
            "NUMBER": typed("NUMBER", nullable(NUMBER), named, make),
            "JSON": typed("JSON", ANYTHING, named, make),
            "CHAT_HISTORY": typed("CHAT_HISTORY", nullable(history), named, make),
        },
    )


_CASE_REQUEST = request(
    {
        "input_values": list_of(_case_values(request)),
        "evaluation_values": list_of(_case_values(request)),
    },
    {"id": UUID_TEXT, "external_id": EXTERNAL_ID, "label": nullable(STRING)},
)
BULK_REQUEST = list_of(
    union(
        "type",
        {
            "UPSERT": request({"id": UUID_TEXT, "type": STRING, "data": _CASE_REQUEST}),
            "DELETE": request(
                {"id": UUID_TEXT, "type": STRING, "data": request({"id": UUID_TEXT})}
            ),
        },
    )
)
_DONE = model({"id": UUID_TEXT, "data": model({"id": UUID_TEXT})})
BULK_RESULT = list_of(
    union(
        "type",
        {
            "CREATED": _DONE,
            "REPLACED": _DONE,
            "DELETED": _DONE,
            "REJECTED": model({"data": FREE_OBJECT}, {"id": nullable(UUID_TEXT)}),
        },
    )
)
"""One line of the answer to a bulk request."""


def _page(item: Schema) -> Schema:
    link = nullable({"type": "string", "format": "uri"})
    return model(
        {"count": {"type": "integer"}, "next": link, "previous": link, "results": list_of(item)}
    )


TEST_CASES = _page(
    model(
        {
            "input_values": list_of(_case_values(model, {"variable_id": STRING})),
            "evaluation_values": list_of(_case_values(model, {"variable_id": STRING})),
        },
        {"id": STRING, "external_id": nullable(STRING), "label": nullable(STRING)},
    )
)
CREATE_RUN = request(
    {
        "exec_config": request(
            {
                "type": one_of("EXTERNAL"),
                "data": request(
                    {
                        "executions": list_of(
                            request(
                                {
                                    "test_case_id": STRING,
                                    "outputs": list_of(_case_values(request)),
                                }
                            )
                        )
                    }
                ),
            },
            {"test_case_ids": nullable(list_of(STRING))},
        )
    },
    {"test_suite_id": UUID_TEXT, "test_suite_name": STRING},
)
RUN_STATES = "QUEUED", "RUNNING", "COMPLETE", "FAILED", "CANCELLED"
RUN = model(
    {
        "id": UUID_TEXT,
        "created": TIME,
        "test_suite": model({"id": UUID_TEXT, "history_item_id": UUID_TEXT, "label": STRING}),
        "state": one_of(*RUN_STATES),
    }
)
RUN_EXECUTIONS = _page(
    model(
        {
            "id": UUID_TEXT,
            "test_case_id": STRING,
            "outputs": list_of(_case_values(model, {"output_variable_id": UUID_TEXT})),
            "metric_results": list_of(
                model(
                    {
                        "metric_id": UUID_TEXT,
                        "outputs": list_of(
                            model(
                                {"value": ANYTHING, "name": STRING},
                                {"type": one_of("STRING", "NUMBER", "JSON", "ERROR", "ARRAY")},
                            )
                        ),
                    },
                    {
                        "metric_label": STRING,
                        "metric_definition": model(
                            {}, {"id": STRING, "label": STRING, "name": STRING}
                        ),
                    },
                )
            ),
        }
    )
)

# Endpoints.

ERRORS: Mapping[int, Schema] = {400: DETAIL, 403: DETAIL, 404: DETAIL, 429: DETAIL, 500: DETAIL}
"""GUESS: the description has no 403 and no 429 for Workflows and Test Suites."""


@dataclass(frozen=True)
class Endpoint:
    """One endpoint: what it takes, and what it answers with by status."""

    method: str
    path: str
    """With `{…}` for a part that is a name or an id, and `{uuid}` for one that is an id."""
    answers: Mapping[int, Schema]
    body: Schema | None = None
    line: Schema | None = None
    """Of one line of an answer that is a stream."""


ENDPOINTS = (
    Endpoint("POST", "/v1/execute-workflow", {200: EXECUTED_WORKFLOW}, EXECUTE_WORKFLOW),
    Endpoint("POST", "/v1/execute-workflow-stream", {}, EXECUTE_WORKFLOW_STREAM, STREAM_EVENT),
    Endpoint(
        "POST", "/v1/workflow-deployments/{…}/execute-stream", {}, EXECUTE_TRIGGER, TRIGGER_EVENT
    ),
    Endpoint("POST", "/v1/execute-prompt", {200: EXECUTED_PROMPT}, EXECUTE_PROMPT),
    Endpoint("GET", "/v1/workflow-deployments/{…}", {200: WORKFLOW_DEPLOYMENT}),
    Endpoint("GET", "/v1/workflow-deployments/{…}/releases/{…}", {200: WORKFLOW_RELEASE}),
    Endpoint("GET", "/v1/workflow-deployments/{…}/release-tags/{…}", {200: RELEASE_TAG}),
    Endpoint(
        "PATCH", "/v1/workflow-deployments/{…}/release-tags/{…}", {200: RELEASE_TAG}, MOVE_TAG
    ),
    Endpoint("GET", "/v1/workflow-deployments/{…}/execution-events", {200: EXECUTION_EVENTS}),
    Endpoint("GET", "/v1/deployments/{…}", {200: PROMPT_DEPLOYMENT}),
    Endpoint("GET", "/v1/deployments/{…}/releases/{…}", {200: PROMPT_RELEASE}),
    Endpoint("POST", "/v1/metric-definitions/{…}/execute", {200: EXECUTED_METRIC}, EXECUTE_METRIC),
    Endpoint("GET", "/v1/metric-definitions/{…}/history/{…}", {200: METRIC}),
    Endpoint("POST", "/v1/submit-workflow-execution-actuals", {}, SUBMIT_ACTUALS),
    Endpoint("GET", "/v1/test-suites/{…}/test-cases", {200: TEST_CASES}),
    Endpoint("POST", "/v1/test-suites/{…}/test-cases-bulk", {}, BULK_REQUEST, BULK_RESULT),
    Endpoint("POST", "/v1/test-suite-runs", {201: RUN}, CREATE_RUN),
    Endpoint("GET", "/v1/test-suite-runs/{uuid}", {200: RUN}),
    Endpoint("GET", "/v1/test-suite-runs/{uuid}/executions", {200: RUN_EXECUTIONS}),
)


class ContractError(AssertionError):
    """A request or an answer that Vellum's API would not have."""


_PATTERNS = [
    (
        endpoint.method,
        re.compile(endpoint.path.replace("{…}", "[^/]+").replace("{uuid}", "[0-9a-f-]{36}")),
        endpoint,
    )
    for endpoint in ENDPOINTS
]
_COMPILED: dict[int, Callable[[Any], Any]] = {}


def endpoint_of(method: str, raw_path: str) -> Endpoint | None:
    """Finds what is asked for; None for an endpoint that is not in the contract."""
    path = raw_path.partition("?")[0]
    found = (one for by, pattern, one in _PATTERNS if by == method and pattern.fullmatch(path))
    return next(found, None)


def check(what: str, schema: Schema, value: Any) -> None:
    """Compares a value with a schema of this module.

    Raises:
        ContractError: it is not as the schema says; names the place.
    """
    validate = _COMPILED.get(id(schema))
    if validate is None:
        formats = {"uuid": _is_uuid}
        validate = fastjsonschema.compile(schema, formats=formats, use_default=False)
        _COMPILED[id(schema)] = validate
    try:
        validate(value)
    except fastjsonschema.JsonSchemaValueException as error:
        raise ContractError(f"{what}: {error.message}") from None


def check_answer(endpoint: Endpoint, status: int, value: Any) -> None:
    """Compares a whole answer with what the endpoint answers with.

    Raises:
        ContractError: Vellum would not answer so.
    """
    schema = endpoint.answers.get(status) or ERRORS.get(status)
    if schema is not None:
        check(f"answer {status} of {endpoint.path}", schema, value)


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
