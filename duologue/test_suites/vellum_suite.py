"""Pushing a dataset's cases to a Vellum Test Suite, with as few changes as possible.

Every case has an external id. A push that was interrupted continues when you push again: cases that
are already there are not sent.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from vellum import (
    ChatMessageRequest,
    NamedTestCaseChatHistoryVariableValueRequest,
    NamedTestCaseJsonVariableValueRequest,
    NamedTestCaseNumberVariableValueRequest,
    NamedTestCaseStringVariableValueRequest,
    NamedTestCaseVariableValueRequest,
    TestSuiteTestCase,
    TestSuiteTestCaseBulkOperationRequest,
    TestSuiteTestCaseBulkResult,
    TestSuiteTestCaseDeleteBulkOperationDataRequest,
    TestSuiteTestCaseDeleteBulkOperationRequest,
    TestSuiteTestCaseRejectedBulkResult,
    TestSuiteTestCaseUpsertBulkOperationRequest,
    UpsertTestSuiteTestCaseRequest,
)

from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.errors import TransientError, UsageError
from duologue.participants.vellum_deployment import vellum_client
from duologue.participants.vellum_inputs import converted, message_requests, type_of
from duologue.settings.options import Record
from duologue.settings.participants import CallSettings
from duologue.settings.test_suites import SuiteOptions
from duologue.test_suites.cases import SuiteCase, SuiteInput, cases_of, external_id_prefix
from duologue.test_suites.external_run import (
    cases_to_run,
    create_run,
    metrics_of_run,
    run_url,
    wait_for_run,
)
from duologue.test_suites.suite_requests import SuiteRequests, SuiteVariables
from duologue.test_suites.suite_run import CaseResult, SuiteRun
from duologue.versions.places import Version

__all__ = ["PushResult", "SuiteVariables", "VellumSuite", "push_version"]

_BATCH_SIZE = 100
_OPERATIONS = UUID("8a0f6d0c-5a36-5d3b-8f1d-5f7b1d7a3e52")
"""The namespace of the operations' ids. Vellum wants UUIDs, which are the same at every push."""


class PushResult(Record):
    """What became of every case, by external ids; of a dry run, what would."""

    created: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    """These were not sent."""
    removed: tuple[str, ...] = ()
    rejected: tuple[tuple[str, str], ...] = ()
    """With the reason that Vellum gave."""
    dry_run: bool = False

    @property
    def cases(self) -> int:
        """How many cases the version has."""
        return sum(map(len, (self.created, self.replaced, self.unchanged, self.rejected)))


@dataclass(frozen=True, slots=True)
class _Operation:
    """One change as it is sent, and the external id of its case."""

    external_id: str
    request: TestSuiteTestCaseBulkOperationRequest
    private: tuple[str, ...] = ()
    """Texts of it that no message may hold."""
    removes: str | None = None
    """Vellum's id of the case that it removes."""


@dataclass(slots=True)
class _Outcomes:
    """The results that Vellum returned, by the operations' ids."""

    results: dict[str, TestSuiteTestCaseBulkResult] = field(default_factory=dict)

    def missing(self, operations: Iterable[_Operation]) -> list[_Operation]:
        return [one for one in operations if one.request.id not in self.results]

    def ids(self, operations: Iterable[_Operation], outcome: str) -> tuple[str, ...]:
        return tuple(
            one.external_id for one in operations if self.results[one.request.id].type == outcome
        )

    def add(
        self, results: Iterable[TestSuiteTestCaseBulkResult], batch: Sequence[_Operation]
    ) -> None:
        """Records the results of a batch.

        A rejection may lack the id of its operation. Then it stands for every operation of the
        batch that has no result of its own: sending those again would meet the same.
        """
        unnamed = []
        for result in results:
            if result.id:
                self.results[result.id] = result
            else:
                unnamed.append(result)
        if unnamed:
            for position, one in enumerate(self.missing(batch)):
                self.results[one.request.id] = unnamed[min(position, len(unnamed) - 1)]


@dataclass(frozen=True, slots=True)
class VellumSuite(SuiteRequests):
    """An existing Test Suite; Vellum's API cannot create one."""

    async def push(
        self,
        cases: Sequence[SuiteCase],
        dataset: str,
        *,
        remove_gone: bool = False,
        dry_run: bool = False,
    ) -> PushResult:
        """Creates, replaces and removes cases until the Test Suite holds these.

        Args:
            cases: all cases of one version.
            dataset: its dataset's name.
            remove_gone: also removes the dataset's cases that are not among these. Cases from
                elsewhere are never touched.
            dry_run: only compares, and changes nothing.

        Raises:
            UsageError: there are no cases; with `remove_gone` it would empty the Test Suite.
            RunStoppingError: there is no such Test Suite, or the key may not change it.
            FatalError: Vellum refused a request.
            TransientError: Vellum could not be reached, or did not say what became of every case.
        """
        if not cases:
            raise UsageError(
                f"{dataset}: the version holds no conversation to push to {self.shown}; choose "
                "another version"
            )
        there = await self.cases()
        by_id = {case.external_id: case for case in there}
        wanted = {case.external_id: self._upsert(case) for case in cases}
        changes = [
            operation
            for external_id, operation in wanted.items()
            if external_id not in by_id or not _same(by_id[external_id], operation)
        ]
        changed = {operation.external_id for operation in changes}
        unchanged = tuple(external_id for external_id in wanted if external_id not in changed)
        removals = _removals(there, dataset, wanted.keys()) if remove_gone else []
        if dry_run:
            return PushResult(
                created=tuple(one.external_id for one in changes if one.external_id not in by_id),
                replaced=tuple(one.external_id for one in changes if one.external_id in by_id),
                unchanged=unchanged,
                removed=tuple(one.external_id for one in removals),
                dry_run=True,
            )
        return await self._apply(changes, removals, unchanged)

    async def run_external(
        self,
        replies: Mapping[str, str],
        *,
        output_name: str = "output",
        deadline_seconds: float = 1800,
    ) -> SuiteRun:
        """Has the Test Suite's metrics evaluate replies that were made outside of Vellum.

        Cases that have no reply are left out of the run.

        Args:
            replies: a chatbot's replies, by the external ids of the cases they answer; see
                `cases_of`.
            output_name: what the Test Suite calls the output, of type STRING, that is a reply.
            deadline_seconds: how long the run may take once it is created.

        Returns:
            The run, which may also have FAILED or been CANCELLED.

        Raises:
            UsageError: no case has a reply, as before the version was pushed.
            RunStoppingError: there is no such Test Suite, or the key may not run it.
            FatalError: Vellum refused a request; or the answer to the one that creates the run
                was lost; or the run had not ended in time. A run that was created is named.
            TransientError: Vellum could not be reached.
        """
        cases = cases_to_run(self, await self.cases(), replies)
        run_id = await create_run(self, cases, replies, output_name)
        state = await wait_for_run(self, run_id, deadline_seconds)
        metrics = await metrics_of_run(self, run_id)
        there = set(cases.values())
        return SuiteRun(
            run_id=run_id,
            state=state,
            url=run_url(self, run_id),
            cases=tuple(
                CaseResult(external_id=external_id, metrics=metrics.get(case_id, ()))
                for case_id, external_id in cases.items()
            ),
            missing=tuple(external_id for external_id in replies if external_id not in there),
        )

    async def _apply(
        self,
        changes: Sequence[_Operation],
        removals: Sequence[_Operation],
        unchanged: tuple[str, ...],
    ) -> PushResult:
        outcomes = _Outcomes()
        # Removals come last: who is stopped midway is left with too many cases, not too few.
        operations = [*changes, *removals]
        try:
            for start in range(0, len(operations), _BATCH_SIZE):
                await self._send(operations[start : start + _BATCH_SIZE], outcomes)
            rejected = [
                one for one in operations if outcomes.results[one.request.id].type == "REJECTED"
            ]
            gone = await self._already_gone(rejected)
        except TransientError as error:
            raise TransientError(
                f"{error}. What was pushed before stays; push again, and only the rest is sent",
                error.retry_after_seconds,
            ) from None
        return PushResult(
            created=outcomes.ids(operations, "CREATED"),
            replaced=outcomes.ids(operations, "REPLACED"),
            unchanged=unchanged,
            removed=(
                *outcomes.ids(operations, "DELETED"),
                *(one.external_id for one in rejected if one.removes in gone),
            ),
            rejected=tuple(
                (one.external_id, self._reason(one, outcomes.results[one.request.id]))
                for one in rejected
                if one.removes not in gone
            ),
        )

    async def _already_gone(self, rejected: Sequence[_Operation]) -> set[str]:
        """Returns the cases whose removal was rejected because an earlier attempt removed them."""
        removals = {one.removes for one in rejected if one.removes is not None}
        if not removals:
            return set()
        return removals - {case.id for case in await self.cases()}

    async def _send(self, batch: Sequence[_Operation], outcomes: _Outcomes) -> None:
        """Sends a batch until every operation has a result.

        The SDK silently drops lines that it cannot read. Sending an upsert twice does no harm: its
        case is found by the external id.
        """

        async def attempt() -> None:
            missing = outcomes.missing(batch)
            # Lazy: nothing is sent before the first result is read.
            answers = self.client.sdk.test_suites.test_suite_test_cases_bulk(
                id=self.path,
                request=[one.request for one in missing],
                request_options={"max_retries": 0},
            )
            results = []
            try:
                async for line in answers:
                    results += line
            finally:  # also when the connection was lost midway
                outcomes.add(results, missing)
            if unanswered := outcomes.missing(batch):
                raise TransientError(
                    f"{self.shown}: Vellum did not say what became of {len(unanswered)} of "
                    f"{len(missing)} test cases"
                )

        private = tuple(text for one in batch for text in one.private)
        await self.asked(attempt, self.wording(private))

    def _upsert(self, case: SuiteCase) -> _Operation:
        history = NamedTestCaseChatHistoryVariableValueRequest(
            name=self.variables.chat_history, value=message_requests(case.chat_history)
        )
        name, reply = self.variables.reference_reply, case.reference_reply
        references = (
            [NamedTestCaseStringVariableValueRequest(name=name, value=reply)]
            if name is not None and reply is not None
            else []
        )
        request = TestSuiteTestCaseUpsertBulkOperationRequest(
            id=_operation_id("UPSERT", case.external_id),
            data=UpsertTestSuiteTestCaseRequest(
                external_id=case.external_id,
                label=case.label,
                input_values=[history, *map(_input_value, case.inputs)],
                evaluation_values=[*references],
            ),
        )
        said = tuple(message.text for message in case.chat_history)
        said += tuple(one.value for one in case.inputs if isinstance(one.value, str))
        return _Operation(case.external_id, request, (*said, *([reply] if reply else [])))

    def _reason(self, operation: _Operation, result: TestSuiteTestCaseBulkResult) -> str:
        assert isinstance(result, TestSuiteTestCaseRejectedBulkResult)  # no other has a reason
        detail = result.data.get("detail")
        said = detail if isinstance(detail, str) else json.dumps(result.data, ensure_ascii=False)
        return self.wording(operation.private).quoted(said)


async def push_version(
    version: Version,
    options: SuiteOptions,
    call: CallSettings = CallSettings(),
    *,
    dry_run: bool = False,
) -> PushResult:
    """Pushes the conversations of a version to a Test Suite; see `VellumSuite.push`.

    Args:
        version: the version.
        options: which Test Suite, and what becomes a case.
        call: deadlines and retries of its requests.
        dry_run: only compares, and changes nothing.

    Raises:
        UsageError: the version has no conversation to push, or the API key is missing.
        ParticipantError: Vellum could not be reached, or refused.
    """
    dataset, chatbot = version.manifest.dataset, version.manifest.settings.chatbot
    cases = list(cases_of(version.folder / CONVERSATIONS_FILE, dataset, options.per, chatbot))
    variables = SuiteVariables(options.input_name, options.evaluation_name)
    async with vellum_client(max_concurrency=1) as client:
        suite = VellumSuite(client, options.suite, variables, call)
        return await suite.push(cases, dataset, remove_gone=options.remove_gone, dry_run=dry_run)


def _removals(
    there: Iterable[TestSuiteTestCase], dataset: str, kept: Iterable[str]
) -> list[_Operation]:
    prefix, kept = external_id_prefix(dataset), set(kept)
    return [
        _Operation(
            case.external_id,
            TestSuiteTestCaseDeleteBulkOperationRequest(
                id=_operation_id("DELETE", case.id),
                data=TestSuiteTestCaseDeleteBulkOperationDataRequest(id=case.id),
            ),
            removes=case.id,
        )
        for case in there
        if case.id and case.external_id and case.external_id.startswith(prefix)
        if case.external_id not in kept
    ]


def _input_value(given: SuiteInput) -> NamedTestCaseVariableValueRequest:
    type_ = given.type or type_of(given.value)
    try:
        value: Any = converted(given.value, type_)
    except ValueError as error:
        raise UsageError(
            f"the chatbot's input {given.name!r} is of type {type_}, and its value {error}"
        ) from None
    if type_ == "STRING":
        return NamedTestCaseStringVariableValueRequest(name=given.name, value=value)
    if type_ == "NUMBER":
        return NamedTestCaseNumberVariableValueRequest(name=given.name, value=value)
    if type_ == "CHAT_HISTORY":
        messages = [ChatMessageRequest.model_validate(message) for message in value]
        return NamedTestCaseChatHistoryVariableValueRequest(name=given.name, value=messages)
    return NamedTestCaseJsonVariableValueRequest(name=given.name, value=value)


def _operation_id(kind: str, of: str) -> str:
    return str(uuid5(_OPERATIONS, f"{kind} {of}"))


def _same(there: TestSuiteTestCase, operation: _Operation) -> bool:
    wanted = operation.request.data
    assert isinstance(wanted, UpsertTestSuiteTestCaseRequest)  # removals are not compared
    return (
        there.label == wanted.label
        and _values(there.input_values) == _values(wanted.input_values)
        and _values(there.evaluation_values) == _values(wanted.evaluation_values)
    )


def _values(values: Iterable[Any]) -> dict[str, tuple[str, Any]]:
    """What variables are set to; one without a value is as good as none."""
    return {
        value.name: (value.type, _comparable(value))
        for value in values
        if value.value not in (None, [])
    }


def _comparable(value: Any) -> Any:
    if value.type != "CHAT_HISTORY":
        return value.value
    # Vellum adds to messages: content next to the text, a source, metadata.
    return [(message.role, _text(message)) for message in value.value]


def _text(message: Any) -> str | None:
    if message.text is None and message.content is not None and message.content.type == "STRING":
        return str(message.content.value)
    text: str | None = message.text
    return text
