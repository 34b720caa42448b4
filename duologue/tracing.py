"""OpenTelemetry spans of what a run does: run, conversation, turn, call, judge.

They hold ids, counts and the classes of errors, never what was said, and no key. Attributes follow
OpenTelemetry's conventions for generative AI where there is one
(https://opentelemetry.io/docs/specs/semconv/gen-ai/); the others start with `duologue.`.

Nothing is traced unless the program around Duologue has set up OpenTelemetry, or its environment
names an exporter.
"""

import functools
import logging
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from opentelemetry import trace
from opentelemetry.trace import INVALID_SPAN, ProxyTracerProvider, Span, SpanKind, StatusCode

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

P = ParamSpec("P")
R = TypeVar("R")

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
EXPORTER = "OTEL_TRACES_EXPORTER"

_LOGGER = logging.getLogger("duologue")

Value = str | int | float | bool | None
"""Of an attribute; None leaves it out."""


@contextmanager
def span(name: str, kind: SpanKind = SpanKind.INTERNAL, **attributes: Value) -> Iterator[Span]:
    """Traces what happens in the block, as a part of the span around it.

    Without a recorded span around it there is none here either, which takes two microseconds.

    Args:
        name: without `duologue.`, which it starts with.
        kind: of the span; CLIENT for a call to another system.
        attributes: their names with `__` in place of each dot.

    Yields:
        The span, for attributes that are known later; see `note`.
    """
    if not trace.get_current_span().is_recording():
        yield INVALID_SPAN
        return
    with _started(name, kind, attributes) as started:
        yield started


def note(where: Span, **attributes: Value) -> None:
    """Adds attributes to a span, named as for `span`."""
    if where.is_recording():
        where.set_attributes(_named(attributes))


def note_run(dataset: str, version: str) -> None:
    """Says in the span of the run which version it makes; called within the flow itself."""
    note(trace.get_current_span(), duologue__dataset=dataset, duologue__version=version)


def traced_run(flow: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Traces each run of a flow. Spans are sent every few seconds, and when the process ends."""

    @functools.wraps(flow)
    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        _set_up()
        with _started("run", SpanKind.INTERNAL, {"duologue__flow": flow.__name__}):
            return await flow(*args, **kwargs)

    return run


@contextmanager
def _started(name: str, kind: SpanKind, attributes: dict[str, Value]) -> Iterator[Span]:
    tracer = trace.get_tracer("duologue")
    # An error's message may quote what was said: only its class is recorded.
    with tracer.start_as_current_span(
        f"duologue.{name}",
        kind=kind,
        attributes=_named(attributes),
        record_exception=False,
        set_status_on_exception=False,
    ) as started:
        try:
            yield started
        except BaseException as error:
            started.set_attribute("error.type", type(error).__name__)
            started.set_status(StatusCode.ERROR)
            raise


def _named(attributes: dict[str, Value]) -> dict[str, str | int | float | bool]:
    return {
        name.replace("__", "."): value for name, value in attributes.items() if value is not None
    }


@functools.cache
def _set_up() -> None:
    """Sets up OpenTelemetry as the environment says, once, unless the program has done so."""
    kind = _exporter_kind()
    if kind is None or not isinstance(trace.get_tracer_provider(), ProxyTracerProvider):
        return
    try:
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        exporter = _exporter(kind)
    except ImportError:
        _LOGGER.warning(
            "nothing is traced, although the environment names an exporter of OpenTelemetry; "
            'install the extra: pip install "duologue[tracing]"'
        )
        return
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: "duologue"}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def _exporter_kind() -> str | None:
    """Returns `otlp` or `console`, or None if the environment asks for no exporter."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    kind = os.environ.get(EXPORTER, "").strip().lower()
    if not kind:
        return "otlp" if any(os.environ.get(name, "").strip() for name in ENDPOINTS) else None
    if kind == "none":
        return None
    if kind not in ("otlp", "console"):
        _LOGGER.warning(
            "%s: Duologue has no exporter %r; set it to otlp, console or none", EXPORTER, kind
        )
        return None
    return kind


def _exporter(kind: str) -> "SpanExporter":
    if kind == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()
