"""Each tool's own loader gets out of an exported file what the dataset says, as documented."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from duologue.cli import app
from duologue.exports.layouts import LAYOUTS, WHOLE_CONVERSATIONS
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, checked, contents
from tests.dataset.test_readers import run_offline
from tests.other_tools.conftest import ROOT, Run
from tests.support.serving import served

PAGE = (ROOT / "docs" / "how-to" / "other_tools.md").read_text()
OWN_SCRIPT = "module.exports = () => { require('fs').writeFileSync('was_run', ''); return {} };"
SAID = (
    "Where is my order?",
    'He said "hi",\r\nthen \\n left',
    "{{ 7 * 7 }} {% if x %} {{ env.HOME }} {# gone #}",
    "file://own_script.js",
    "file://nowhere.txt",
    "package:@own/script:run",
    "🙂 שלום \u2028 a\u0085b",
    "[1, 2]",
    '{"$ref": "#/x"}',
    "007",
    "null",
    "a|b;c",
    "  spaced  \n",
    "[DEEPEVAL:IMAGE:abc]",
    "${HOME} $HOME %HOME%",
)
MY_CHATBOT = "def reply(turns):\n    return f'You said {len(turns[-1].content)} letters.'\n"


def blocks(language: str, heading: str) -> list[str]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, Any]]:
    """A version where both sides say all of it, and its next turns."""
    conversations = (
        checked(text, text, text, seed_id=f"s{number}", context={"said": text})
        for number, text in enumerate(SAID)
    )
    write_version(
        DatasetFolder(str(tmp_path / "datasets"), "shop"), VERSION, contents(*conversations)
    )
    (tmp_path / "own_script.js").write_text(OWN_SCRIPT)
    file = tmp_path / "datasets" / "shop" / VERSION / "next_turns.parquet"
    rows: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    assert len(rows) == 2 * len(SAID)
    return rows


@contextmanager
def receiver(
    answers: Callable[[str, str, bytes], Any],
) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Runs a stand-in for a tool's server; gives its URL, and the paths and bodies it is sent."""
    received: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = urlsplit(self.path).path
            received.append((path, body))
            content = json.dumps(answers(self.command, path, body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}", received


THEN = "2026-01-01T00:00:00Z"
SOME_ID = "7c3b6cd2-8a0a-4bb2-9a1a-111111111111"


def uploaded(
    run: Run,
    heading: str,
    answers: Callable[[str, str, bytes], Any],
    environment: Callable[[str], dict[str, str]],
) -> list[tuple[str, bytes]]:
    """Runs a tool's recipe against a stand-in for its server; gives the paths and bodies sent.

    Args:
        run: runs a command with the other tools.
        heading: of the tool's section on the page.
        answers: of the stand-in: by method, path and body.
        environment: where the server is and its keys, given the stand-in's URL.
    """
    (recipe,) = blocks("python", heading)
    with receiver(answers) as (url, received):
        settings = f"import os\nos.environ.update({environment(url)!r})\n"
        done = run("python", "-c", settings + recipe)
        assert done.returncode == 0, done.stdout + done.stderr
    return received


def langfuse_answers(command: str, path: str, body: bytes) -> Any:
    times = {"createdAt": THEN, "updatedAt": THEN}
    if path == "/api/public/v2/datasets":
        nothing = dict.fromkeys(("metadata", "inputSchema", "expectedOutputSchema"))
        return {"id": "d", "name": "shop", "projectId": "p", **times, **nothing}
    if path == "/api/public/dataset-items":
        kept = {"status": "ACTIVE", "datasetId": "d", "mediaReferences": [], **times}
        return {**json.loads(body), **kept}
    return {}


def langsmith_answers(command: str, path: str, body: bytes) -> Any:
    if path == "/info":
        multipart = {"dataset_examples_multipart_enabled": True}
        return {"version": "0.15", "instance_flags": multipart}
    if path == "/datasets":
        return {"id": SOME_ID, "name": "shop", "created_at": THEN, "tenant_id": SOME_ID}
    if path.endswith("/examples"):
        return {"count": 1, "example_ids": [SOME_ID], "as_of": THEN}
    return []


def parts_of(body: bytes) -> dict[str, Any]:
    """Reads the JSON parts of a multipart body, by name."""
    boundary = body.partition(b"\r\n")[0].removeprefix(b"--")
    head = b'Content-Type: multipart/form-data; boundary="' + boundary + b'"\r\n\r\n'
    parts: list[Any] = list(message_from_bytes(head + body).walk())[1:]
    return {
        str(part.get_param("name", header="content-disposition")): json.loads(
            part.get_payload(decode=True)
        )
        for part in parts
    }


def test_the_page_names_the_versions_that_are_tried() -> None:
    folder = ROOT / "tests" / "other_tools"
    locked = dict(re.findall(r"^(\S+)==(\S+)", (folder / "requirements.txt").read_text(), re.M))
    locked |= json.loads((folder / "package.json").read_text())["dependencies"]
    rows = re.findall(r"^\| `(\S+)` \| .* \| (\S+) \|$", PAGE, re.M)
    packages = {"inspect": "inspect-ai", "mlflow": "mlflow-skinny"}
    tools = [str(tool) for tool in LAYOUTS if tool not in WHOLE_CONVERSATIONS]
    assert rows == [(tool, locked[packages.get(tool, tool)]) for tool in tools]


def exported(tmp_path: Path, tool: str, file: str) -> None:
    # As documented, except for where the dataset is.
    assert f"duologue export latest {tool} {file}\n" in PAGE
    place = ["--output", str(tmp_path / "datasets")]
    done = CliRunner().invoke(app, ["export", VERSION, tool, str(tmp_path / file), *place])
    assert done.exit_code == 0, done.output


def metadata(row: dict[str, Any]) -> dict[str, Any]:
    columns = ("next_turn_id", "conversation_id", "seed_id", "sample", "turn_index")
    return {
        "dataset": "shop",
        "version": VERSION,
        "revision": 1,
        **{column: row[column] for column in columns},
        "context": json.loads(row["context"]),
    }


def with_reference(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["reference_reply"] is not None]


def printed(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


# DeepEval


def test_deepeval_reads_goldens_and_makes_test_cases_of_them(
    rows: list[dict[str, Any]], tmp_path: Path, run: Run
) -> None:
    exported(tmp_path, "deepeval", "goldens.jsonl")
    (tmp_path / "my_chatbot.py").write_text(MY_CHATBOT)
    (recipe,) = blocks("python", "DeepEval")
    told = """
import json
from deepeval.dataset import ConversationalGolden
assert all(isinstance(golden, ConversationalGolden) for golden in dataset.goldens)
print(json.dumps([
    [one.model_dump(mode="json") for one in ones] for ones in (dataset.goldens, dataset.test_cases)
]))
"""
    goldens, test_cases = printed(run("python", "-c", recipe + told))
    assert [spoken(golden["turns"]) for golden in goldens] == [row["messages"] for row in rows]
    for golden, row in zip(goldens, rows, strict=True):
        assert golden["name"] == row["next_turn_id"]
        assert golden["scenario"] == row["messages"][0]["content"]
        assert golden["expected_outcome"] == row["reference_reply"]
        assert golden["additional_metadata"] == metadata(row)
    for test_case, row in zip(test_cases, rows, strict=True):
        letters = len(row["messages"][-1]["content"])
        answer = {"role": "assistant", "content": f"You said {letters} letters."}
        assert spoken(test_case["turns"]) == [*row["messages"], answer]
        assert test_case["metadata"] == metadata(row)
        assert test_case["expected_outcome"] == row["reference_reply"]


def spoken(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"role": turn["role"], "content": turn["content"]} for turn in turns]


# promptfoo


def evaluated(tmp_path: Path, run: Run, provider: str) -> dict[str, dict[str, Any]]:
    """What promptfoo made of the test cases, by next turn."""
    (config,) = blocks("yaml", "promptfoo")
    (tmp_path / "promptfooconfig.yaml").write_text(config)
    (tmp_path / "my_provider.py").write_text(provider)
    (command,) = (block for block in blocks("console", "promptfoo") if "eval" in block)
    done = run("bash", "-c", command)
    assert done.returncode in (0, 100), done.stdout + done.stderr  # 100: some did not pass
    results = json.loads((tmp_path / "results.json").read_text())["results"]["results"]
    by_id = {result["testCase"]["metadata"]["next_turn_id"]: result for result in results}
    assert len(by_id) == len(results)
    return by_id


def test_promptfoo_reads_test_cases_and_sends_their_messages(
    rows: list[dict[str, Any]], tmp_path: Path, run: Run
) -> None:
    exported(tmp_path, "promptfoo", "tests.jsonl")
    tells_all = (
        "import json\n"
        "def call_api(prompt, options, context):\n"
        "    told = [json.loads(prompt), context['vars']['reference']]\n"
        "    return {'output': 'told: ' + json.dumps(told)}\n"
    )
    results = evaluated(tmp_path, run, tells_all)
    expected = {row["next_turn_id"]: row for row in with_reference(rows)}
    assert set(results) == set(expected)
    for name, result in results.items():
        row = expected[name]
        reference = {"role": "assistant", "content": row["reference_reply"]}
        told = json.loads(result["response"]["output"].removeprefix("told: "))
        assert told == [row["messages"], reference]
        assert compact(result["testCase"]["metadata"]) == compact(metadata(row))
        assert result["testCase"]["description"] == name
    assert not (tmp_path / "was_run").exists()


def compact(metadata: dict[str, Any]) -> str:
    """In its results, and there only, promptfoo spaces a text that is JSON in its own way."""
    return json.dumps(metadata, sort_keys=True).replace(" ", "")


def test_promptfoo_compares_with_the_reference(
    rows: list[dict[str, Any]], tmp_path: Path, run: Run
) -> None:
    exported(tmp_path, "promptfoo", "tests.jsonl")
    repeats_itself = (
        "def call_api(prompt, options, context):\n"
        "    return {'output': context['vars']['reference']['content']}\n"
    )
    results = evaluated(tmp_path, run, repeats_itself)
    compared = {
        name: result["gradingResult"]["componentResults"][0] for name, result in results.items()
    }
    for name in ("s0-1-t1", "s1-1-t1", "s3-1-t1"):
        assert compared[name]["pass"], compared[name]
    (provider,) = blocks("python", "promptfoo")
    results = evaluated(tmp_path, run, provider)
    assert results["s0-1-t1"]["response"]["output"] == f"You said {len(SAID[0])} letters."
    assert not results["s0-1-t1"]["success"]


# Inspect


def test_inspect_reads_samples(rows: list[dict[str, Any]], tmp_path: Path, run: Run) -> None:
    exported(tmp_path, "inspect", "samples.jsonl")
    (recipe,) = blocks("python", "Inspect")
    told = """
import json
task = support_bot()
print(json.dumps([sample.model_dump(mode="json") for sample in task.dataset]))
"""
    samples = printed(run("python", "-c", recipe + told))
    kept = with_reference(rows)
    assert [sample["id"] for sample in samples] == [row["next_turn_id"] for row in kept]
    for sample, row in zip(samples, kept, strict=True):
        assert spoken(sample["input"]) == row["messages"]
        assert sample["target"] == row["reference_reply"]
        assert sample["metadata"] == metadata(row)


# MLflow


def test_mlflow_merges_records(rows: list[dict[str, Any]], tmp_path: Path, run: Run) -> None:
    exported(tmp_path, "mlflow", "records.jsonl")
    (recipe,) = blocks("python", "MLflow")
    store = 'import mlflow\nmlflow.set_tracking_uri("sqlite:///mlflow.db")\n'
    told = """
print(json.dumps([
    {name: row[name] for name in ("inputs", "expectations", "tags")}
    for row in dataset.to_df().to_dict("records")
]))
"""
    records = printed(run("python", "-c", store + recipe + told))
    by_id = {record["tags"]["next_turn_id"]: record for record in records}
    kept = with_reference(rows)
    assert len(by_id) == len(records) == len(kept)
    for row in kept:
        record = by_id[row["next_turn_id"]]
        assert record["inputs"] == {"messages": row["messages"]}
        assert record["expectations"] == {"expected_response": row["reference_reply"]}
        assert record["tags"]["seed_id"] == row["seed_id"]
        assert record["tags"]["said"] == json.loads(row["context"])["said"]


# Langfuse and LangSmith: their own clients, and a stand-in that keeps what they send


def test_langfuse_gets_items(rows: list[dict[str, Any]], tmp_path: Path, run: Run) -> None:
    exported(tmp_path, "langfuse", "items.jsonl")
    keys = dict.fromkeys(("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY"), "key")
    received = uploaded(
        run,
        "Langfuse",
        langfuse_answers,
        lambda url: {"LANGFUSE_HOST": url, "LANGFUSE_BASE_URL": url, **keys},
    )
    items = [json.loads(body) for path, body in received if path.endswith("/dataset-items")]
    kept = with_reference(rows)
    assert len(items) == len(kept)
    for item, row in zip(items, kept, strict=True):
        assert item["datasetName"] == "shop"
        assert item["id"] == f"{VERSION}-{row['next_turn_id']}"
        assert item["input"] == {"messages": row["messages"]}
        assert item["expectedOutput"] == {"role": "assistant", "content": row["reference_reply"]}
        assert item["metadata"] == metadata(row)


def test_langsmith_gets_examples(rows: list[dict[str, Any]], tmp_path: Path, run: Run) -> None:
    exported(tmp_path, "langsmith", "examples.jsonl")
    received = uploaded(
        run,
        "LangSmith",
        langsmith_answers,
        lambda url: {"LANGSMITH_ENDPOINT": url, "LANGSMITH_API_KEY": "key"},
    )
    sent: dict[str, Any] = {}
    for path, body in received:
        if path.endswith("/examples"):
            sent |= parts_of(body)
    kept = {row["next_turn_id"]: row for row in with_reference(rows)}
    found = {
        content["metadata"]["next_turn_id"]: (name, content)
        for name, content in sent.items()
        if "." not in name
    }
    assert set(found) == set(kept)
    for next_turn, (name, content) in found.items():
        row = kept[next_turn]
        assert content["metadata"] == metadata(row)
        assert sent[f"{name}.inputs"] == {"messages": row["messages"]}
        reply = {"role": "assistant", "content": row["reference_reply"]}
        assert sent[f"{name}.outputs"] == {"messages": [reply]}


# Fine-tuning


def test_datasets_reads_chats_as_trl_wants_them(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    exported(tmp_path, "sft", "chats.jsonl")
    code = """
import json
from datasets import load_dataset
print(json.dumps(load_dataset("json", data_files="chats.jsonl", split="train").to_list()))
"""
    read = json.loads(run_offline(code, tmp_path, tmp_path / "cache"))
    kept = with_reference(rows)
    assert [line["messages"] for line in read] == [
        [*row["messages"], {"role": "assistant", "content": row["reference_reply"]}] for row in kept
    ]
