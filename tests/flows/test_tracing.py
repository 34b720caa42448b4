"""What is traced: spans in memory of real runs, against the stand-in for Vellum."""

import logging
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from duologue import tracing
from tests.conftest import API_KEY
from tests.support.generating import QUICK, generated, manifest_of
from tests.support.vellum_stand_in import StandIn


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Traces this test, as a program that has set up OpenTelemetry."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield exporter
    provider.shutdown()


def ours(exporter: InMemorySpanExporter) -> dict[str, list[ReadableSpan]]:
    found: dict[str, list[ReadableSpan]] = {}
    for one in exporter.get_finished_spans():
        if one.name.startswith("duologue."):
            found.setdefault(one.name.removeprefix("duologue."), []).append(one)
    return found


def attributes(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def ancestors(span: ReadableSpan, spans: Sequence[ReadableSpan]) -> list[str]:
    by_id = {one.context.span_id: one for one in spans if one.context}
    names = []
    while span.parent is not None:
        span = by_id[span.parent.span_id]
        if span.name.startswith("duologue."):
            names.append(span.name.removeprefix("duologue."))
    return names


@pytest.mark.usefixtures("prefect_server")
async def test_each_call_is_within_its_turn_its_conversation_and_the_run(
    seeds_csv: Path, vellum: StandIn, exported: InMemorySpanExporter
) -> None:
    seeds_csv.write_text("Where is my order number 1?\nWhere is my order number 2?\n")
    vellum.deployments["support-bot"].failures = ["status:503"]
    call = {**QUICK["call"], "max_attempts": 2}
    manifest = await manifest_of(
        await generated(seeds_csv, turns=2, advanced={**QUICK, "call": call})
    )
    found = ours(exported)
    assert {name: len(spans) for name, spans in found.items()} == {
        "run": 1,
        "conversation": 2,
        "turn": 2 * 2 * 2,
        "call": 2 * 2 * 2 + 1,
    }
    [run] = found["run"]
    assert attributes(run) == {
        "duologue.flow": "generate_dataset",
        "duologue.dataset": "seeds",
        "duologue.version": manifest.version,
    }
    first = attributes(found["conversation"][0])
    assert str(first["gen_ai.conversation.id"]).startswith("seed-")
    assert (first["duologue.turns"], first["duologue.end_reason"]) == (2, "max_turns")
    everything = exported.get_finished_spans()
    for one in found["call"]:
        assert ancestors(one, everything) == ["turn", "conversation", "run"]
        assert one.kind is SpanKind.CLIENT
    [failed] = [one for one in found["call"] if one.status.status_code is StatusCode.ERROR]
    assert attributes(failed)["error.type"] == "TransientError"
    assert attributes(failed)["duologue.call"] == 1
    ids = [attributes(one).get("vellum.execution.id") for one in found["call"] if one != failed]
    assert all(ids)
    assert len(set(ids)) == len(ids) == 8
    sides = [
        (attributes(t)["duologue.side"], attributes(t)["duologue.turn"]) for t in found["turn"]
    ]
    assert sorted(sides) == sorted(
        [(side, turn) for side in ("chatbot", "simulated_user") for turn in (1, 2)] * 2
    )


@pytest.mark.usefixtures("prefect_server")
async def test_no_span_holds_a_message_or_a_key(
    seeds_csv: Path, vellum: StandIn, exported: InMemorySpanExporter
) -> None:
    seeds_csv.write_text("Where is my parcel?\n")
    vellum.deployments["simulated-user"].failures = ["status:401"]
    await generated(seeds_csv)
    text = "\n".join(one.to_json() for one in exported.get_finished_spans())
    assert "duologue.call" in text
    for secret in ("parcel", "Where is my", API_KEY, *_said(vellum)):
        assert secret not in text


def _said(vellum: StandIn) -> list[str]:
    return [message["text"] for one in vellum.requests for message in one.chat_history]


def test_without_an_exporter_the_sdk_is_not_even_imported() -> None:
    code = "import sys, duologue.flows.generate_dataset; print('opentelemetry.sdk' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_nothing_is_recorded_outside_a_recorded_span(exported: InMemorySpanExporter) -> None:
    with tracing.span("turn", duologue__turn=1) as span:
        tracing.note(span, duologue__side="chatbot")
    assert not exported.get_finished_spans()


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, None),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "Console"}, "console"),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, None),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, None),
    ],
)
def test_the_environment_decides(
    environment: dict[str, str], kind: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*tracing.ENDPOINTS, tracing.EXPORTER, "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert tracing._exporter_kind() == kind


@pytest.mark.parametrize(
    ("exporter", "hidden", "words"),
    [
        ("jaeger", "", "no exporter 'jaeger'; set it to otlp, console or none"),
        ("otlp", "opentelemetry.exporter.otlp.proto.http.trace_exporter", "duologue[tracing]"),
    ],
)
def test_what_cannot_be_traced_is_said_and_the_run_goes_on(
    exporter: str,
    hidden: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", exporter)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    if hidden:
        monkeypatch.setitem(sys.modules, hidden, None)
    tracing._set_up.cache_clear()
    with caplog.at_level(logging.WARNING, "duologue"):
        tracing._set_up()
    tracing._set_up.cache_clear()
    assert words in caplog.text
    assert trace._TRACER_PROVIDER is None
