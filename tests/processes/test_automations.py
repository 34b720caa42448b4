"""The files in automations/, applied with Prefect's command line to a real server.

Prefect really sends the messages: over HTTP through a Slack Webhook block, and over SMTP through
one whose URL is a mail server's.
"""

import email.message
import email.policy
import json
import re
import socketserver
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from prefect.flows import load_flow_from_entrypoint

from duologue.tasks.publish import HELD_BACK, PUBLISHED, event_payload
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, everything_that_can_happen
from tests.support.prefect_processes import ROOT, PrefectServer, prefect_server, run_prefect
from tests.support.serving import served

AUTOMATIONS = ROOT / "automations"
SECONDS_TO_ARRIVE = 600


class Message(NamedTuple):
    title: str
    text: str


class Inbox:
    """Where messages arrive, and the Apprise URL that sends them there."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._messages: Queue[Message] = Queue()

    def put(self, message: Message) -> None:
        self._messages.put(message)

    def next(self) -> Message:
        """Waits for the next message."""
        try:
            return self._messages.get(timeout=SECONDS_TO_ARRIVE)
        except Empty:
            pytest.fail(f"no message arrived within {SECONDS_TO_ARRIVE} s")


@contextmanager
def http_inbox() -> Iterator[Inbox]:
    class Receive(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            inbox.put(Message(content["title"], content["message"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receive)
    inbox = Inbox(f"json://127.0.0.1:{server.server_port}/")
    with served(server):
        yield inbox


@contextmanager
def mail_inbox() -> Iterator[Inbox]:
    class Receive(socketserver.StreamRequestHandler):
        """As much of RFC 5321 as a client needs that has one mail to send."""

        def handle(self) -> None:
            self.wfile.write(b"220 ready\r\n")
            while command := self.rfile.readline().decode().strip().upper():
                if command == "DATA":
                    self.wfile.write(b"354 go on\r\n")
                    inbox.put(self.mail())
                self.wfile.write(b"221 bye\r\n" if command == "QUIT" else b"250 ok\r\n")

        def mail(self) -> Message:
            lines = iter(self.rfile.readline, b".\r\n")
            mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            assert mail["To"] == "on-call@example.com"
            text = mail.get_body(("plain", "html"))
            assert text is not None
            return Message(mail["Subject"], text.get_content().replace("\r\n", "\n"))

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Receive)
    port = server.server_address[1]
    inbox = Inbox(
        f"mailto://127.0.0.1:{port}?from=duologue@example.com&to=on-call@example.com&format=text"
    )
    with served(server):
        yield inbox


class Notified(NamedTuple):
    server: PrefectServer
    inboxes: list[Inbox]

    def messages(self) -> list[Message]:
        """The next message, as each inbox has it."""
        return [inbox.next() for inbox in self.inboxes]


@pytest.fixture(scope="module")
def notified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notified]:
    """A server with messages.yaml applied twice: the one's block posts, the other's sends mail."""
    folder = tmp_path_factory.mktemp("automations")
    settings = {
        "PREFECT_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "1",
        "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "0",
    }
    with (
        prefect_server(folder, settings=settings) as server,
        http_inbox() as posts,
        mail_inbox() as mails,
    ):
        for inbox in (posts, mails):
            apply_messages(server, saved_block(server, f"SlackWebhook(url={inbox.url!r})"), folder)
        yield Notified(server, [posts, mails])


def saved_block(server: PrefectServer, block: str) -> str:
    """Saves a notification block as automations/README.md says; gives its id."""
    code = f"from prefect.blocks.notifications import *; print({block}.save('b-{uuid4()}'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=server.environment,
        cwd=server.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def apply_messages(server: PrefectServer, block_id: str, folder: Path) -> str:
    filled_in = folder / f"{block_id}.yaml"
    filled_in.write_text((AUTOMATIONS / "messages.yaml").read_text().replace("BLOCK_ID", block_id))
    return run_prefect(
        server, "automation", "create", "--from-file", str(filled_in), cwd=server.folder
    )


def new_run(server: PrefectServer, flow: str, state: dict[str, Any]) -> dict[str, Any]:
    flow_id = server.api("POST", "/flows/", {"name": flow})["id"]
    run: dict[str, Any] = server.api("POST", "/flow_runs/", {"flow_id": flow_id, "state": state})
    return run


def end_run(server: PrefectServer, flow: str, kind: str, message: str) -> dict[str, Any]:
    """A run of this flow that ends as a flow or a worker reports to the server."""
    run = new_run(server, flow, {"type": "RUNNING"})
    server.set_state(run["id"], kind, kind.capitalize(), message)
    return run


def emit(server: PrefectServer, event: str, payload: dict[str, Any], run_id: str) -> None:
    resource = {"prefect.resource.id": f"duologue.dataset.{payload['dataset']}"}
    run = {
        "prefect.resource.id": f"prefect.flow-run.{run_id}",
        "prefect.resource.role": "flow-run",
    }
    content = {"event": event, "resource": resource, "related": [run], "payload": payload}
    server.api(
        "POST",
        "/events",
        [{**content, "id": str(uuid4()), "occurred": datetime.now(UTC).isoformat()}],
    )


@pytest.mark.parametrize("kind", ["FAILED", "CRASHED"])
def test_a_run_that_went_wrong_is_reported_with_its_reason_and_its_page(
    notified: Notified, kind: str
) -> None:
    reason = "3 failed and 1 invalid of 12 conversations; the other 8 are in shop 2026"
    run = end_run(notified.server, "generate-dataset", kind, reason)
    for message in notified.messages():
        assert message.title == f"Duologue: generate-dataset is {kind.capitalize()}"
        assert f"{run['name']} is {kind.capitalize()} since 20" in message.text
        assert reason in message.text
        assert f"{notified.server.url}/runs/flow-run/{run['id']}" in message.text
        assert "Retry" in message.text


def test_a_run_that_no_worker_takes_is_reported(notified: Notified) -> None:
    server = notified.server
    flow_id = server.api("POST", "/flows/", {"name": "generate-dataset"})["id"]
    server.api("POST", "/deployments/", {"name": "nightly", "flow_id": flow_id})
    run_id = server.start_run("generate-dataset/nightly")
    for message in notified.messages():
        assert message.title == "Duologue: generate-dataset is Late"
        assert "of nightly is Late since 20" in message.text
        assert "No worker has taken it" in message.text
        assert run_id in message.text


def test_a_version_that_is_held_back_is_reported_with_reasons_counts_and_place(
    notified: Notified, tmp_path: Path
) -> None:
    payload = payload_of_a_version(tmp_path)
    run = new_run(notified.server, "generate-dataset", {"type": "RUNNING"})
    emit(notified.server, HELD_BACK, payload, run["id"])
    counts = payload["counts"]
    for message in notified.messages():
        assert message.title == f"Duologue: shop {VERSION} is held back"
        assert "- too many failed\n- too few are valid\n" in message.text
        for kind in ("valid", "invalid", "failed"):
            assert f" {counts[kind]} {kind}" in message.text
        assert f"{counts['conversations']} conversations of {counts['seeds']} se" in message.text
        assert f"rejected rows: {counts['rejected']}." in message.text
        assert payload["path"] in message.text
        assert f"/runs/flow-run/{run['id']}" in message.text


def payload_of_a_version(folder: Path) -> dict[str, Any]:
    dataset = DatasetFolder(str(folder), "shop")
    manifest = write_version(dataset, VERSION, everything_that_can_happen()).manifest
    reasons = ("too many failed", "too few are valid")
    held_back = manifest.model_copy(update={"held_back": reasons})
    return event_payload(dataset.version(held_back), is_latest=False)


def test_successful_runs_and_other_flows_are_not_reported(
    notified: Notified, tmp_path: Path
) -> None:
    server = notified.server
    run = end_run(server, "generate-dataset", "COMPLETED", "")
    emit(server, PUBLISHED, payload_of_a_version(tmp_path), run["id"])
    end_run(server, "generate-dataset", "CANCELLED", "")
    end_run(server, "somebody-elses", "FAILED", "")
    # Automations take events in their order, so this one's message would come after theirs.
    last = end_run(server, "generate-dataset", "FAILED", "the last")
    for message in notified.messages():
        assert last["id"] in message.text


def test_the_file_without_a_block_is_refused(notified: Notified, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"block_document_id"):
        apply_messages(notified.server, "BLOCK_ID", tmp_path)


def test_sendgrids_block_can_be_used_in_its_place(notified: Notified, tmp_path: Path) -> None:
    """As far as it goes without an account at SendGrid: no mail is sent."""
    block = "SendgridEmail(api_key='k', sender_email='a@example.com', to_emails=['b@example.com'])"
    printed = apply_messages(notified.server, saved_block(notified.server, block), tmp_path)
    assert "Created 2 automation(s)" in printed
    for name in re.findall(r"with id\s+(\S+)", printed):
        notified.server.api("DELETE", f"/automations/{name}")


def test_the_automations_watch_every_flow_there_is() -> None:
    names = {
        load_flow_from_entrypoint(f"{path}:{path.stem}").name
        for path in (ROOT / "flows").glob("[!_]*.py")
        if path.stem != "judge_transcripts"  # runs on the command line alone
    }
    lists = {
        file.name: set(names_listed.split(", "))
        for file in AUTOMATIONS.glob("*.yaml")
        for names_listed in re.findall(r"prefect.resource.name: \[(.*)\]", file.read_text())
    }
    retried_by_the_run_that_waits = {"simulate-shard"}
    assert lists == {
        "crashed_runs.yaml": names - retried_by_the_run_that_waits,
        "messages.yaml": names,
        "silent_runs.yaml": names,
    }
