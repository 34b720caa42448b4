"""A stand-in for the Hugging Face Hub's API, as far as `duologue publish-to hub` uses it.

Written from huggingface_hub's client. Parquet files are stored as LFS objects, others in commits.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from ruamel.yaml import YAML

from tests.support.serving import served

LICENCES = ("mit", "cc-by-4.0", "other")
"""Some of those that the Hub knows."""

TOKEN = "hf_token-that-must-never-be-shown"


@dataclass
class Repository:
    """A dataset on the Hub."""

    is_private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[str] = field(default_factory=lambda: ["initial"])

    @property
    def head(self) -> str:
        return hashlib.sha1(repr(self.commits).encode()).hexdigest()


@dataclass
class Hub:
    """What the stand-in holds."""

    url: str = ""
    token: str = TOKEN
    repositories: dict[str, Repository] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    """LFS objects, by SHA-256."""
    refuses: int | None = None
    """A status that every request is answered with."""


@contextmanager
def hub_stand_in() -> Iterator[Hub]:
    """Runs the stand-in."""
    hub = Hub()

    class Handler(_Handler):
        state = hub

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        yield hub


class _Handler(BaseHTTPRequestHandler):
    state: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, content = self._answered(urlsplit(self.path).path, body)
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status == 401:
            self.send_header("X-Error-Message", "Invalid credentials")
        self.end_headers()
        self.wfile.write(data)

    def _answered(self, path: str, body: bytes) -> tuple[int, Any]:
        hub = self.state
        if hub.refuses is not None:
            return hub.refuses, {"error": "refused"}
        if self.command == "PUT":  # to an address that was signed
            hub.objects[path.rpartition("/")[2]] = body
            return 200, {}
        if self.headers.get("Authorization") != f"Bearer {hub.token}":
            return 401, {"error": "Invalid credentials in Authorization header"}
        if path == "/api/validate-yaml":
            return _validated(json.loads(body)["content"])
        if path == "/api/repos/create":
            return self._created(json.loads(body))
        if path.endswith(".git/info/lfs/objects/batch"):
            return 200, {"objects": [self._upload_of(one) for one in json.loads(body)["objects"]]}
        name, _, action = path.removeprefix("/api/datasets/").partition("/preupload/")
        name = name.partition("/commit/")[0].partition("/revision/")[0]
        repository = hub.repositories.get(name)
        if repository is None:
            return 404, {"error": "Repository not found"}
        if action:
            asked = json.loads(body)["files"]
            return 200, {"files": [_mode(one["path"], repository) for one in asked]}
        if "/commit/" in path:
            return 200, self._committed(name, repository, body)
        siblings = [{"rfilename": file} for file in repository.files]
        described = {"_id": name, "id": name, "sha": repository.head, "siblings": siblings}
        return 200, {**described, "private": repository.is_private, "tags": [], "downloads": 0}

    def _created(self, asked: dict[str, Any]) -> tuple[int, Any]:
        name = "/".join(filter(None, (asked.get("organization"), asked["name"])))
        url = {"url": f"{self.state.url}/datasets/{name}", "name": name}
        assert asked["type"] == "dataset"
        if name in self.state.repositories:
            return 409, url | {"error": "You already created this dataset repo"}
        private = asked.get("private") or asked.get("visibility") == "private"
        self.state.repositories[name] = Repository(bool(private))
        return 200, url

    def _upload_of(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["oid"] in self.state.objects:
            return asked
        address = {"href": f"{self.state.url}/upload/{asked['oid']}", "header": {}}
        return {**asked, "actions": {"upload": address}}

    def _committed(self, name: str, repository: Repository, body: bytes) -> dict[str, Any]:
        for line in body.splitlines():
            one = json.loads(line)
            value = one["value"]
            match one["key"]:
                case "header":
                    repository.commits.append(value["summary"])
                case "file":
                    repository.files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    content = self.state.objects[value["oid"]]
                    assert hashlib.sha256(content).hexdigest() == value["oid"]
                    repository.files[value["path"]] = content
        url = f"{self.state.url}/datasets/{name}/commit/{repository.head}"
        return {"commitUrl": url, "commitOid": repository.head}


def _validated(card: str) -> tuple[int, Any]:
    metadata = YAML(typ="safe").load(card.split("---\n")[1])
    licence = metadata.get("license", "other")
    errors = [{"message": '"license" must be one of [...]'}] if licence not in LICENCES else []
    return 400 if errors else 200, {"errors": errors, "warnings": []}


def _mode(path: str, repository: Repository) -> dict[str, Any]:
    is_large = path.endswith(".parquet")
    content = repository.files.get(path)
    oid = None
    if content is not None:
        git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        oid = hashlib.sha256(content).hexdigest() if is_large else git
    mode = "lfs" if is_large else "regular"
    return {"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid}
