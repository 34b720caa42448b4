"""`duologue init` and `duologue doctor`, as people type them in a folder of their own."""

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from duologue.project.files import Answers, write_project
from tests.cli.test_terminal import in_a_terminal
from tests.support.commands import duologue
from tests.support.vellum_stand_in import stand_in_process

MADE = [
    ".github/workflows/duologue.yml",
    ".gitignore",
    "datasets/seed_user_messages.csv",
    "duologue.toml",
    "prefect.toml",
    "prefect.yaml",
]


def files_in(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def yaml(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def test_a_new_project_has_all_files_and_its_deployments_can_be_deployed(tmp_path: Path) -> None:
    done = duologue("init", "shop", "--yes", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    folder = tmp_path / "shop"
    assert files_in(folder) == MADE
    assert all(f"wrote shop/{name}" in done.stdout for name in MADE)
    assert "cd shop" in done.stdout
    settings = tomllib.loads((folder / "duologue.toml").read_text())
    assert settings["chatbot"] == "local:duologue.workflows.support_bot"
    entrypoints = {one["entrypoint"] for one in yaml(folder / "prefect.yaml")["deployments"]}
    assert "duologue.flows.generate_dataset:generate_dataset" in entrypoints
    assert all(one.startswith("duologue.flows.") for one in entrypoints)
    checked = duologue("doctor", "--format", "json", cwd=folder)
    found = {one["subject"]: one for one in json.loads(checked.stdout)["checks"]}
    assert checked.returncode == 0, checked.stdout
    assert found["prefect.yaml"]["status"] == "ok", found["prefect.yaml"]
    assert found["Seeds"]["text"].startswith("datasets/seed_user_messages.csv: 3 seeds")


def test_answers_are_in_every_file_as_they_were_given(tmp_path: Path) -> None:
    chatbot, seeds = "support-bot@v2#1", 'die "Fragen" #1\\2.csv'
    (tmp_path / seeds).write_text("Wo ist mein Paket?\n")
    write_project(tmp_path, Answers(chatbot, "openai:gpt-5-mini", seeds))
    settings = tomllib.loads((tmp_path / "duologue.toml").read_text())
    deployments = yaml(tmp_path / "prefect.yaml")["deployments"]
    nightly = next(one for one in deployments if one["name"] == "nightly")["parameters"]
    for given in (settings, nightly):
        assert given["chatbot"] == chatbot
        assert given["simulated_user"] == "openai:gpt-5-mini"
        assert given["seeds"] == seeds
        assert given["turns"] == 3
    steps = yaml(tmp_path / ".github/workflows/duologue.yml")["jobs"]["compare"]["steps"]
    assert {"CANDIDATE": chatbot} in [step.get("env") for step in steps]
    assert not (tmp_path / "datasets").exists(), "seeds of one's own need no example"


def test_nothing_that_is_there_is_changed(tmp_path: Path) -> None:
    own = {"duologue.toml": "turns = 7\n", ".gitignore": "*.log\n", "prefect.yaml": "name: shop\n"}
    for name, text in own.items():
        (tmp_path / name).write_text(text)
    done = duologue("init", "--yes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {name: (tmp_path / name).read_text() for name in own} == own
    assert "kept  duologue.toml, which was there" in done.stdout
    assert "duologue serve --file prefect-duologue.yaml" in done.stdout
    assert len(yaml(tmp_path / "prefect-duologue.yaml")["deployments"]) > 3
    before = {name: (tmp_path / name).read_bytes() for name in files_in(tmp_path)}
    again = duologue("init", "--yes", cwd=tmp_path)
    assert "wrote" not in again.stdout
    assert {name: (tmp_path / name).read_bytes() for name in files_in(tmp_path)} == before


def test_three_questions_are_asked_in_a_terminal_until_the_answers_can_be_used(
    tmp_path: Path,
) -> None:
    (tmp_path / "own.csv").write_text("Where is my order?\n")
    answers = "foo:bar\npython:bots:reply\n\nnone.csv\nown.csv\n"
    code, output = in_a_terminal(tmp_path, answers, "init")
    assert code == 0, output
    assert "unknown kind 'foo'" in output
    assert "there is no such file" in output
    settings = tomllib.loads((tmp_path / "duologue.toml").read_text())
    assert settings["chatbot"] == "python:bots:reply"
    assert settings["simulated_user"] == "local:duologue.workflows.simulated_user"
    assert settings["seeds"] == "own.csv"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--chatbot", "foo:bar"], "unknown kind 'foo'"),
        (["--simulated-user", "python:nothing"], "expected python:"),
        (["--seeds", "none.csv"], "'none.csv': there is no such file"),
        (["file/below"], "file"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_nothing_is_written(
    tmp_path: Path, options: list[str], words: str
) -> None:
    (tmp_path / "file").touch()
    done = duologue("init", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert files_in(tmp_path) == ["file"]


def test_a_folder_that_cannot_be_made_leaves_no_files(tmp_path: Path) -> None:
    (tmp_path / ".github").touch()
    done = duologue("init", "--yes", cwd=tmp_path)
    assert done.returncode == 2
    assert ".github/workflows: cannot be written" in done.stderr
    assert files_in(tmp_path) == [".github"]


def test_the_next_step_can_be_pasted_into_a_shell(tmp_path: Path) -> None:
    done = duologue("init", "my first shop", "--yes", cwd=tmp_path)
    assert "  cd 'my first shop'\n" in done.stdout


def doctor(folder: Path, *options: str, **environment: str) -> dict[str, dict[str, str]]:
    """Returns the findings by subject."""
    done = duologue(
        "doctor",
        "--format",
        "json",
        *options,
        cwd=folder,
        environment={**os.environ, **environment},
    )
    assert done.stdout, done.stderr
    checks = json.loads(done.stdout)["checks"]
    assert done.returncode == any(one["status"] == "problem" for one in checks)
    return {one["subject"]: one for one in checks}


def test_each_problem_is_named_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text("message\nHi, where is it?\n\x00\n")
    (tmp_path / "bots.py").write_text("def reply(chat_history):\n    return 'Hello'\n")
    found = doctor(
        tmp_path,
        *("--set", "seeds=seeds.csv", "--set", "chatbot=support-bot"),
        *("--set", "simulated_user=python:bots:reply"),
        VELLUM_API_KEY="",
        PREFECT_API_URL="http://127.0.0.1:9/api",
    )
    assert found["Chatbot"]["status"] == "problem"
    assert "VELLUM_API_KEY" in found["Chatbot"]["text"]
    assert found["Simulated user"]["status"] == "ok"
    assert found["Allowed code"]["status"] == "warning"
    assert "DUOLOGUE_ALLOWED_CODE=bots" in found["Allowed code"]["text"]
    assert found["Prefect server"]["status"] == "problem"
    assert "cannot be reached" in found["Prefect server"]["text"]
    assert found["prefect.yaml"]["status"] == "warning"
    assert "duologue init" in found["prefect.yaml"]["text"]


def test_a_wrong_setting_does_not_hide_the_rest(tmp_path: Path) -> None:
    found = doctor(tmp_path, "--set", "turns=many")
    assert found["Settings"]["status"] == "problem"
    assert "turns" in found["Settings"]["text"]
    assert "Chatbot" not in found
    assert found["Prefect"]["status"] == "ok"


def test_a_database_that_does_not_answer_is_a_problem(tmp_path: Path) -> None:
    database = "postgresql+asyncpg://ada:kestrel@127.0.0.1:9/prefect"
    environment = {name: text for name, text in os.environ.items() if name != "PREFECT_API_URL"}
    done = duologue(
        "doctor",
        cwd=tmp_path,
        environment={**environment, "PREFECT_SERVER_DATABASE_CONNECTION_URL": database},
    )
    assert done.returncode == 1
    (line,) = [one for one in done.stdout.splitlines() if "Prefect server" in one]
    assert "127.0.0.1:9" in line
    assert "cannot be used" in line
    assert "kestrel" not in done.stdout + done.stderr


def test_a_deployment_is_looked_up_and_not_called(tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text("Hi, where is it?\n")
    with stand_in_process() as url:
        options = ["--set", "seeds=seeds.csv", "--set", "chatbot=support-bot"]
        vellum = {"VELLUM_API_URL": url, "VELLUM_API_KEY": "a-key"}
        found = doctor(tmp_path, *options, **vellum)
        assert found["Chatbot"]["status"] == "ok"
        assert "support-bot is on Vellum, release" in found["Chatbot"]["text"]
        missing = doctor(tmp_path, "--set", "seeds=seeds.csv", "--set", "chatbot=no-bot", **vellum)
    assert missing["Chatbot"]["status"] == "problem"
    assert "no-bot" in missing["Chatbot"]["text"]


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text("Hi, where is it?\n")
    (tmp_path / "taken").touch()
    found = doctor(tmp_path, "--set", "seeds=seeds.csv", "--set", "output=taken")
    assert found["Storage"]["status"] == "problem"
