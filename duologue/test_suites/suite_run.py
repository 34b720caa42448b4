"""What came of running a Test Suite; light to import, for flows and the command line."""

from collections.abc import Iterable
from enum import StrEnum
from statistics import fmean

from pydantic import JsonValue

from duologue.settings.options import Record


class RunState(StrEnum):
    """How a run ended, in Vellum's words."""

    COMPLETE = "COMPLETE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class MetricValue(Record):
    """One output of one metric for one case."""

    metric: str
    """Its label in the Test Suite; its name or id where it has none."""
    output: str
    """Which of the metric's outputs, such as `score`."""
    value: JsonValue = None
    """A number, a text or JSON; None where the metric gave none or failed."""
    error: str | None = None
    """Vellum's code of the error that the metric failed with."""


class CaseResult(Record):
    """What the metrics say of one reply."""

    external_id: str
    metrics: tuple[MetricValue, ...] = ()
    """Empty where Vellum gave none, as in a run that failed before it came to this case."""


class MetricMean(Record):
    """The mean of a metric's output over the cases that have a number for it."""

    metric: str
    output: str
    mean: float
    cases: int
    """How many have a number."""


class SuiteRun(Record):
    """A run of a Test Suite that has ended, well or not."""

    run_id: str
    state: RunState
    url: str
    """The run's address in Vellum's API, which takes an API key. The address of the run's page in
    Vellum's UI is in neither the API's answers nor its documentation.
    """
    cases: tuple[CaseResult, ...]
    """One for every case that was given a reply, in the Test Suite's order."""
    missing: tuple[str, ...]
    """External ids of the replies that no case of the Test Suite has."""

    @property
    def means(self) -> tuple[MetricMean, ...]:
        """Lists the mean of every metric's output that is a number somewhere."""
        return tuple(_means(value for case in self.cases for value in case.metrics))


def _means(values: Iterable[MetricValue]) -> Iterable[MetricMean]:
    numbers: dict[tuple[str, str], list[float]] = {}
    for one in values:
        if isinstance(one.value, int | float) and not isinstance(one.value, bool):
            numbers.setdefault((one.metric, one.output), []).append(one.value)
    for (metric, output), given in numbers.items():
        yield MetricMean(metric=metric, output=output, mean=fmean(given), cases=len(given))
