"""What is printed: nothing a terminal takes for a command, in any encoding, in good English."""

import io
import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.progress import Progress, TextColumn
from rich.table import Table
from rich.text import Text

from duologue.cli.conversations import rendered
from duologue.cli.terminal import Console, counted, json_line, visible
from tests.dataset.making import checked
from tests.support import commands
from tests.support.warm_process import Request

CLI = Path(__file__).parents[2] / "duologue" / "cli"
CLEAR_SCREEN, TITLE = "\x1b[2J\x1b[31m", "\x1b]0;owned\x07"
OURS = re.compile("\x1b\\[[0-9;]*m")
"""Colours, as rich writes them."""


def printed(*what: object, **options: object) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=200)
    console.print(*what, **options)  # type: ignore[arg-type]
    return OURS.sub("", file.getvalue())


@pytest.mark.parametrize("command", [CLEAR_SCREEN, TITLE, "\x9b2J", "\x08\x08", "a\rb", "\x7f"])
def test_no_text_gives_the_terminal_a_command(command: str) -> None:
    table = Table()
    table.add_column()
    table.add_row(command)
    table.add_row(Text(command))
    for what in (command, Text(command), table, rendered(checked(command, command).conversation)):
        output = printed(what, markup=False)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", output)


def test_control_characters_are_shown_as_python_writes_them() -> None:
    assert visible("a\x1b[2J\n\t\u202e\x9b") == "a\\x1b[2J\n\t\\u202e\\x9b"
    assert printed(Text("ok \x1b[31m red")).strip() == "ok \\x1b[31m red"


@pytest.mark.parametrize(
    "text", ["שלום 👩\u200d👩\u200d👧", "a\u200fb", "é ø ₿", "日本語", "\u00ad"]
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_the_progress_line_gives_no_command_either() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80)
    with Progress(TextColumn("{task.description}", markup=False), console=console) as bar:
        bar.add_task(f"simulating {TITLE}")
    assert "\x1b]0;" not in file.getvalue()
    assert "\\x1b]0;" in file.getvalue()


@given(st.text())
def test_a_line_of_json_is_one_safe_line_and_means_the_same(text: str) -> None:
    line = json_line({"text": text})
    assert json.loads(line) == {"text": text}
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202e]", line)


@pytest.mark.parametrize("path", sorted(CLI.glob("*.py")), ids=lambda path: path.name)
def test_every_command_prints_through_this_console(path: Path) -> None:
    if path.name != "terminal.py":
        assert "from rich.console import Console" not in path.read_text("utf-8")


def test_one_thing_is_singular() -> None:
    assert [counted(n, "row") for n in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]


def duologue(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "COLUMNS": "100", **environment}
    return commands.duologue(*arguments, cwd=folder, environment=variables)


def test_check_and_seeds_show_what_they_read_without_commands(tmp_path: Path) -> None:
    name = f"talk{CLEAR_SCREEN}"
    talk = {"id": name, "messages": [{"role": "user", "content": ""}]}
    (tmp_path / f"{name}.jsonl").write_text(json.dumps(talk))
    (tmp_path / f"{name}.csv").write_text(f'message\n"Hello {TITLE}"\n""\n')
    checked = duologue(tmp_path, "check", f"{name}.jsonl")
    as_json = duologue(tmp_path, "check", f"{name}.jsonl", "--format", "json")
    seeds = duologue(tmp_path, "seeds", "check", f"{name}.csv")
    missing = duologue(tmp_path, "seeds", "check", f"{name}.tsv")
    for done, code in ((checked, 1), (as_json, 1), (seeds, 1), (missing, 2)):
        assert done.returncode == code, done.stderr
        assert "\x1b" not in done.stdout + done.stderr
    assert "message: Hello \\x1b]0;owned\\x07" in seeds.stdout
    assert json.loads(as_json.stdout)["id"] == name


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1"])
def test_what_an_encoding_does_not_have_is_replaced(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "seeds.csv").write_text("message\nHow is 🙂?\n", "utf-8")
    talk = {"id": "🙂", "messages": [{"role": "user", "content": ""}]}
    (tmp_path / "talks.jsonl").write_text(json.dumps(talk, ensure_ascii=False), "utf-8")
    seeds = duologue(tmp_path, "seeds", "check", "seeds.csv", PYTHONIOENCODING=encoding)
    assert (seeds.returncode, seeds.stderr) == (0, "")
    assert "message: How is ??" in seeds.stdout
    checked = duologue(tmp_path, "check", "talks.jsonl", PYTHONIOENCODING=encoding)
    assert (checked.returncode, checked.stderr) == (1, "")
    assert "1 conversation: 0 valid" in checked.stdout


def test_the_first_three_messages_are_shown_as_understood(tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text("message,plan\nOne?,a\nTwo?,b\nThree?,c\nFour?,d\n")
    output = duologue(tmp_path, "seeds", "check", "seeds.csv").stdout
    assert [line.strip() for line in output.splitlines() if "message: " in line] == [
        "message: One?",
        "message: Two?",
        "message: Three?",
    ]


def in_a_terminal(folder: Path, answer: str, *arguments: str) -> tuple[int, str]:
    """Runs a command in a terminal, types an answer, and returns exit code and output."""
    controller, terminal = pty.openpty()
    request: Request = {
        "command": [str(commands.BIN / "duologue"), *arguments],
        "cwd": str(folder),
        "environment": dict(os.environ),
        "detached": False,
    }
    with open(terminal, "r+b", buffering=0) as stream:
        connection = commands.forked(request, (stream, stream, stream))
    os.write(controller, answer.encode())
    output = b""
    try:
        while data := os.read(controller, 4096):
            output += data
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(controller)
    with connection:
        return commands.exit_code_of(connection), OURS.sub("", output.decode())


@pytest.mark.parametrize(
    ("answer", "seeds", "option"),
    [("0\n", 3, "--no-header"), ("2\n", 2, "--message-column 'Frage'"), ("9\n2\n", 2, "'Frage'")],
)
def test_what_is_unclear_is_asked_in_a_terminal(
    tmp_path: Path, answer: str, seeds: int, option: str
) -> None:
    (tmp_path / "seeds.csv").write_text("id;Frage\n1;Liefern Sie?\n2;Wo ist sie?\n")
    code, output = in_a_terminal(tmp_path, answer, "seeds", "check", "seeds.csv")
    assert code == 0, output
    assert f"{seeds} rows: {seeds} seeds" in output
    assert f"Next time: {option}" in output or option in output


def test_nobody_is_asked_where_there_is_no_terminal(tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text("id;Frage\n1;Liefern Sie?\n2;Wo ist sie?\n")
    done = duologue(tmp_path, "seeds", "check", "seeds.csv")
    assert done.returncode == 2
    assert "--message-column" in done.stderr
    assert done.stdout == ""


@pytest.fixture
def with_a_server(prefect_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)


SLOW = """
import asyncio

async def reply(chat_history):
    await asyncio.sleep(0.5)
    return "The \\x1b[2Jparcel is on its way."

async def ask(chat_history):
    await asyncio.sleep(0.5)
    return "When does it arrive?"
"""


@pytest.mark.usefixtures("with_a_server")
def test_conversations_are_shown_as_they_grow(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "seeds.csv").write_text("Where is it?\nWhen?\n")
    both = ["--chatbot", "python:slow:reply", "--simulated-user", "python:slow:ask"]
    generate = ["generate", "seeds.csv", *both, "--turns", "1"]
    code, output = in_a_terminal(tmp_path, "", *generate)
    assert code == 0, output
    growing, _, result = output.rpartition("seeds  valid")
    assert re.search(r"seed-\w+-1, message 2", growing), output
    assert growing.count("parcel is on its way.") > result.count("parcel is on its way.")
    assert "\x1b[2J" not in output


@pytest.mark.usefixtures("with_a_server")
def test_a_quiet_run_prints_the_result_alone(tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text("Where is it?\n")
    code, output = in_a_terminal(tmp_path, "", "generate", "seeds.csv", "--turns", "1", "--quiet")
    assert code == 0, output
    assert "seeds  valid" in output
    assert "simulating" not in output
    assert "Chatbot:" not in output
