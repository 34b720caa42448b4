"""Asking Vellum about one Test Suite: what may be asked again, and what must not be."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar
from urllib.parse import quote

from vellum import TestSuiteTestCase

from duologue.errors import FatalError, TransientError
from duologue.participants.error_context import ErrorContext
from duologue.participants.retries import with_retries
from duologue.participants.vellum_deployment import VellumClient
from duologue.participants.vellum_errors import (
    SDK_ERRORS,
    converted,
    sdk_error,
    vellum_remedies,
    was_turned_away,
)
from duologue.settings.participants import CallSettings

Answer = TypeVar("Answer")
Item = TypeVar("Item", covariant=True)

PAGE_SIZE = 100
"""How many items of a list one request asks Vellum for, which may return fewer."""


class Page(Protocol[Item]):
    """A part of a list, as the SDK has it."""

    @property
    def count(self) -> int:
        """How many items the whole list has."""
        ...

    @property
    def results(self) -> Sequence[Item]:
        """The items of this part."""
        ...


@dataclass(frozen=True, slots=True)
class SuiteVariables:
    """What the Test Suite calls its variables."""

    chat_history: str = "chat_history"
    """The input variable, of type CHAT_HISTORY."""
    reference_reply: str | None = None
    """The evaluation variable, of type STRING. None sends no reference: a Test Suite without such
    a variable would reject it.
    """


@dataclass(frozen=True, slots=True)
class SuiteRequests:
    """A Test Suite that is there; Vellum's API cannot create one."""

    client: VellumClient
    name: str
    """Its id or its name."""
    variables: SuiteVariables = SuiteVariables()
    call: CallSettings = CallSettings()

    async def cases(self) -> list[TestSuiteTestCase]:
        """Lists the Test Suite's cases, page by page."""
        return await self.pages(
            lambda offset: self.client.sdk.test_suites.list_test_suite_test_cases(
                id=self.path,
                limit=PAGE_SIZE,
                offset=offset,
                request_options={"max_retries": 0},
            ),
            self.wording(),
        )

    async def pages(
        self, page: Callable[[int], Awaitable[Page[Answer]]], wording: ErrorContext
    ) -> list[Answer]:
        """Lists all items of what comes in pages.

        Args:
            page: asks for the items from an offset on.
            wording: as in `asked`.
        """
        found: list[Answer] = []
        while True:
            one = await self.asked(partial(page, len(found)), wording)
            found += one.results
            if len(found) >= one.count or not one.results:
                return found

    async def asked(
        self, request: Callable[[], Awaitable[Answer]], wording: ErrorContext
    ) -> Answer:
        """Makes a request that does no harm when it is made twice, until it is answered.

        Args:
            request: makes it once.
            wording: of messages about it.

        Raises:
            ParticipantError: it was not answered, or refused.
        """

        def attempt() -> Awaitable[Answer]:
            return converted(request, wording)

        answer, _ = await with_retries(attempt, self.call, f"{wording.participant}: Vellum")
        return answer

    async def asked_once(
        self, request: Callable[[], Awaitable[Answer]], wording: ErrorContext, in_doubt: str
    ) -> Answer:
        """Makes a request that must not take effect twice.

        It is made again only where Vellum certainly did nothing: see `was_turned_away`.

        Args:
            request: makes it once.
            wording: of messages about it.
            in_doubt: what to do where nobody can tell whether it took effect.

        Raises:
            TransientError: it certainly took no effect.
            FatalError: it was refused; or it may have taken effect, and the answer was lost.
        """
        may_have_effect = False

        async def attempt() -> Answer:
            nonlocal may_have_effect
            may_have_effect = True
            try:
                return await request()
            except SDK_ERRORS as error:
                failure = sdk_error(error, wording)
                may_have_effect = not was_turned_away(error)
            if may_have_effect and isinstance(failure, TransientError):
                raise FatalError(f"{failure}. {in_doubt}")
            raise failure

        # An attempt may take until the deadline: one that is cut off is not repeated.
        call = self.call.model_copy(update={"timeout_seconds": self.call.deadline_seconds})
        try:
            answer, _ = await with_retries(attempt, call, f"{wording.participant}: Vellum")
        except TransientError as error:
            if not may_have_effect:
                raise
            raise FatalError(f"{error}. {in_doubt}") from None
        return answer

    def wording(self, private: Sequence[str] = ()) -> ErrorContext:
        """Words messages about this Test Suite.

        Args:
            private: what no message may hold.
        """
        return ErrorContext(
            self.shown,
            self.client.default_url,
            (self.client.api_key,),
            private,
            vellum_remedies(
                denied="may change Test Suites",
                not_found=(
                    "There is no such Test Suite in the workspace of VELLUM_API_KEY. Vellum's API "
                    "cannot create one: create it in Vellum, with an input variable "
                    f"{self.variables.chat_history!r} of type CHAT_HISTORY"
                ),
                refused="Check the names and types of the Test Suite's variables",
            ),
        )

    @property
    def path(self) -> str:
        """Its name as a part of a URL. The SDK puts it there as it is."""
        return quote(self.name, safe="")

    @property
    def shown(self) -> str:
        """What messages call it."""
        return f"Test Suite {self.name!r}"
