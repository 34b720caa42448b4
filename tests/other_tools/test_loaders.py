"""Each tool's own loader gets out of an exported file what the dataset says, as documented."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from duologue.cli import app
from duologue.versions.places import DatasetFolder
from duologue.versions.tools import EvaluationTool
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, checked, contents
from tests.other_tools.conftest import ROOT, Run

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


def test_the_page_names_the_versions_that_are_tried() -> None:
    folder = ROOT / "tests" / "other_tools"
    locked = dict(re.findall(r"^(\S+)==(\S+)", (folder / "requirements.txt").read_text(), re.M))
    locked |= json.loads((folder / "package.json").read_text())["dependencies"]
    rows = re.findall(r"^\| `(\S+)` \| .* \| (\S+) \|$", PAGE, re.M)
    assert rows == [(tool, locked[tool.removeprefix("openai-")]) for tool in EvaluationTool]


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


# OpenAI's evals


def test_openai_evals_reads_samples_and_scores_against_the_reference(
    rows: list[dict[str, Any]], tmp_path: Path, run: Run
) -> None:
    exported(tmp_path, "openai-evals", "samples.jsonl")
    load = "import json, evals; print(json.dumps(evals.get_jsonl('samples.jsonl')))"
    kept = with_reference(rows)
    assert printed(run("python", "-c", load)) == [
        {"input": row["messages"], "ideal": row["reference_reply"], "metadata": metadata(row)}
        for row in kept
    ]
    (tmp_path / "evals").mkdir()
    (config,) = blocks("yaml", "OpenAI's evals")
    (tmp_path / "evals" / "duologue.yaml").write_text(config)
    (command,) = (block for block in blocks("console", "OpenAI's evals") if "oaieval" in block)
    done = run("bash", "-c", command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "f1_score: " in done.stdout + done.stderr
    records = [json.loads(line) for line in (tmp_path / "results.jsonl").open()]
    matches = [record for record in records if record.get("type") == "match"]
    assert {
        int(one["sample_id"].rpartition(".")[2]): one["data"]["expected"] for one in matches
    } == {line: row["reference_reply"] for line, row in enumerate(kept)}
