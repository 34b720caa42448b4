"""The steps of an external run: a Test Suite evaluates replies that were made outside Vellum."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from vellum import (
    ExternalTestCaseExecutionRequest,
    NamedTestCaseStringVariableValueRequest,
    TestSuiteRunExecution,
    TestSuiteRunExecutionMetricResult,
    TestSuiteRunExternalExecConfigDataRequest,
    TestSuiteRunExternalExecConfigRequest,
    TestSuiteRunMetricOutput,
    TestSuiteRunRead,
    TestSuiteTestCase,
)

from duologue.errors import FatalError, UsageError
from duologue.participants.error_context import ErrorContext
from duologue.participants.vellum_errors import vellum_remedies
from duologue.test_suites.cases import per_of
from duologue.test_suites.suite_requests import PAGE_SIZE, SuiteRequests
from duologue.test_suites.suite_run import MetricValue, RunState

_EXPANDED = [
    f"{path}metric_results.{field}"
    for path in ("", "results.")
    for field in ("metric_definition", "metric_label")
]
"""Without these a metric has no name. `results.` is how SDKs before 1.5.5 wrote it; nothing says
whether both are understood."""

_FIRST_POLL_SECONDS = 0.25
_LONGEST_POLL_SECONDS = 10
"""A run takes minutes if its metrics are language models; ten seconds more do not matter."""


def cases_to_run(
    suite: SuiteRequests, there: Collection[TestSuiteTestCase], replies: Mapping[str, str]
) -> dict[str, str]:
    """Returns the external ids of the cases that have a reply, by Vellum's ids, in their order.

    Raises:
        UsageError: no case has a reply.
    """
    if not replies:
        raise UsageError(f"{suite.shown}: there is no reply to run it on")
    found = {
        case.id: case.external_id
        for case in there
        if case.id and case.external_id and case.external_id in replies
    }
    if not found:
        example = next(iter(replies))
        raise UsageError(
            f"{suite.shown}: none of its {len(there)} cases is for one of the {len(replies)} "
            f"replies, such as {example!r}; push the version first, with `duologue "
            f"push-test-suite VERSION {suite.name} --per {per_of(example)}`"
        )
    return found


async def create_run(
    suite: SuiteRequests, cases: Mapping[str, str], replies: Mapping[str, str], output_name: str
) -> str:
    """Creates the run, once, and returns its id.

    Raises:
        FatalError: Vellum refused it, or its answer was lost.
        TransientError: it was not created.
    """
    config = TestSuiteRunExternalExecConfigRequest(
        data=TestSuiteRunExternalExecConfigDataRequest(
            executions=[
                ExternalTestCaseExecutionRequest(
                    test_case_id=case_id,
                    outputs=[
                        NamedTestCaseStringVariableValueRequest(
                            name=output_name, value=replies[external_id]
                        )
                    ],
                )
                for case_id, external_id in cases.items()
            ]
        ),
        test_case_ids=list(cases),
    )
    by = "test_suite_id" if _is_id(suite.name) else "test_suite_name"
    named: dict[str, Any] = {by: suite.name}
    wording = suite.wording([replies[external_id] for external_id in cases.values()])
    remedies = vellum_remedies(
        denied="may run Test Suites",
        not_found=wording.remedies.not_found,
        refused=f"Check that the Test Suite has an output variable {output_name!r} of type STRING",
    )
    run = await suite.asked_once(
        lambda: suite.client.sdk.test_suite_runs.create(
            exec_config=config, request_options={"max_retries": 0}, **named
        ),
        replace(wording, remedies=remedies),
        in_doubt=(
            "Whether the run was created is not known: look at the Test Suite's runs in Vellum "
            "before you run it again, which creates another one"
        ),
    )
    return run.id


async def wait_for_run(suite: SuiteRequests, run_id: str, deadline_seconds: float) -> RunState:
    """Waits until a run has ended, and returns its state.

    Raises:
        FatalError: it had not ended by the deadline, or Vellum does not know it.
        TransientError: Vellum could not be reached.
    """
    run: TestSuiteRunRead | None = None
    wait = _FIRST_POLL_SECONDS
    try:
        async with asyncio.timeout(deadline_seconds) as limit:
            while True:
                run = await suite.asked(
                    lambda: suite.client.sdk.test_suite_runs.retrieve(
                        run_id, request_options={"max_retries": 0}
                    ),
                    _wording(suite, run_id),
                )
                if run.state in list(RunState):
                    return RunState(run.state)
                await asyncio.sleep(wait)
                wait = min(wait * 1.5, _LONGEST_POLL_SECONDS)
    except TimeoutError:
        if not limit.expired():
            raise
    state = run.state if run else "not known"
    raise FatalError(
        f"{_shown(suite, run_id)}: had not ended after {deadline_seconds:g} s; its state is "
        f"{_wording(suite, run_id).quoted(str(state))}. It continues in Vellum: see "
        f"{run_url(suite, run_id)}"
    )


async def metrics_of_run(suite: SuiteRequests, run_id: str) -> dict[str, tuple[MetricValue, ...]]:
    """Returns the values of a run's metrics, by Vellum's ids of the cases."""
    executions: Sequence[TestSuiteRunExecution] = await suite.pages(
        lambda offset: suite.client.sdk.test_suite_runs.list_executions(
            run_id,
            expand=_EXPANDED,
            limit=PAGE_SIZE,
            offset=offset,
            request_options={"max_retries": 0},
        ),
        _wording(suite, run_id),
    )
    return {
        one.test_case_id: tuple(
            _metric_value(_metric_name(result), output)
            for result in one.metric_results
            for output in result.outputs
        )
        for one in executions
    }


def run_url(suite: SuiteRequests, run_id: str) -> str:
    """Returns a run's address in Vellum's API; the address of its page in the UI is unknown."""
    return f"{suite.client.default_url.rstrip('/')}/v1/test-suite-runs/{run_id}"


def _metric_name(result: TestSuiteRunExecutionMetricResult) -> str:
    definition = result.metric_definition
    names = [result.metric_label, *((definition.label, definition.name) if definition else ())]
    return next(filter(None, names), result.metric_id)


def _metric_value(metric: str, output: TestSuiteRunMetricOutput) -> MetricValue:
    if output.type == "ERROR":
        return MetricValue(metric=metric, output=output.name, error=output.value.code)
    value = output.model_dump(mode="json")["value"]
    return MetricValue(metric=metric, output=output.name, value=value)


def _is_id(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True


def _shown(suite: SuiteRequests, run_id: str) -> str:
    return f"{suite.shown}, run {run_id}"


def _wording(suite: SuiteRequests, run_id: str) -> ErrorContext:
    return replace(
        suite.wording(),
        participant=_shown(suite, run_id),
        remedies=vellum_remedies(
            denied="may read the runs of Test Suites",
            not_found="Vellum does not know this run; was it deleted there?",
            refused=f"See {run_url(suite, run_id)}",
        ),
    )
