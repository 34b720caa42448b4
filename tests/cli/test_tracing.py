"""Spans of a command, as a collector of OpenTelemetry receives them over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.commands import duologue
from tests.support.serving import served


@contextmanager
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """Runs a stand-in for a collector; gives its URL and what it receives."""
    received: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}", received


def test_a_collector_receives_every_span_before_the_command_ends(
    tmp_path: Path, prefect_environment: dict[str, str]
) -> None:
    (tmp_path / "seeds.csv").write_text("What is your refund policy?\n")
    with collector() as (url, received):
        environment = {**prefect_environment, "OTEL_EXPORTER_OTLP_ENDPOINT": url}
        done = duologue(
            "generate", "seeds.csv", "--turns", "2", cwd=tmp_path, environment=environment
        )
        assert done.returncode == 0, done.stderr
        resources = [one for request in received for one in request.resource_spans]
    service = {a.key: a.value.string_value for one in resources for a in one.resource.attributes}
    assert service["service.name"] == "duologue"
    names = [span.name for one in resources for scope in one.scope_spans for span in scope.spans]
    assert {name: names.count(f"duologue.{name}") for name in ("run", "conversation", "turn")} == {
        "run": 1,
        "conversation": 1,
        "turn": 4,
    }
    text = b"".join(request.SerializeToString() for request in received)
    assert b"refund policy" not in text
