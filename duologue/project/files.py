"""The files of a project, and how they are written: existing ones are not changed."""

import json
import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from duologue.errors import UsageError

_HERE = Path(__file__).parent

SEEDS = "datasets/seed_user_messages.csv"
"""Where the example seeds go; the default of the setting `seeds`."""
PREFECT_FILE = "prefect.yaml"
SECOND_PREFECT_FILE = "prefect-duologue.yaml"
"""For a project that has a prefect.yaml of its own."""

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_HERE),
    undefined=StrictUndefined,
    autoescape=False,  # nothing here is HTML
    keep_trailing_newline=True,
)


def _quoted(text: str) -> str:
    """Quotes a string for TOML and YAML alike, as JSON has it."""
    return json.dumps(text, ensure_ascii=False)


_ENVIRONMENT.filters["quoted"] = _quoted


@dataclass(frozen=True, slots=True)
class Answers:
    """What `duologue init` asks."""

    chatbot: str
    simulated_user: str
    seeds: str
    """A path, from the project's folder, or a URL."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a project's files; paths from its folder."""

    made: tuple[str, ...]
    kept: tuple[str, ...]
    """Files that already existed."""
    prefect_file: str
    """Which of the files describes the Prefect deployments."""


def write_project(folder: Path, answers: Answers) -> Written:
    """Writes a project's files, except those that already exist.

    Args:
        folder: where to; made if it is missing.
        answers: the participants and the seeds.

    Raises:
        UsageError: a file cannot be written.
    """
    prefect_file = _prefect_file(folder)
    files = _files(answers, prefect_file)
    made, kept = [], []
    try:
        for name in files:  # all folders first, so that what cannot be made leaves no files behind
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            try:
                with (folder / name).open("x", encoding="utf-8", newline="\n") as file:
                    file.write(text)
            except FileExistsError:
                kept.append(name)
            else:
                made.append(name)
    except OSError as error:
        raise UsageError(
            f"{error.filename or folder}: cannot be written: {error.strerror}; choose a folder "
            "that this user can write to"
        ) from None
    return Written(tuple(made), tuple(kept), prefect_file)


def _prefect_file(folder: Path) -> str:
    """Chooses the name: a file of ours is kept, and one of the project's own stays as it is."""
    try:
        text = (folder / PREFECT_FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return PREFECT_FILE
    return PREFECT_FILE if "duologue.flows." in text else SECOND_PREFECT_FILE


def _files(answers: Answers, prefect_file: str) -> dict[str, str]:
    """Lists the files that a project should have, with their contents."""
    given = {
        "chatbot": answers.chatbot,
        "simulated_user": answers.simulated_user,
        "seeds": answers.seeds,
        "prefect_file": prefect_file,
        "version": version("duologue"),
    }
    files = {
        "duologue.toml": _rendered("duologue.toml.jinja", given),
        prefect_file: _deployments(answers),
        "prefect.toml": _text("prefect.toml"),
        ".github/workflows/duologue.yml": _rendered("workflow.yml.jinja", given),
        ".gitignore": _text("gitignore"),
    }
    if answers.seeds == SEEDS:
        files[SEEDS] = _text("seed_user_messages.csv")
    return files


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _rendered(name: str, given: dict[str, str]) -> str:
    return _ENVIRONMENT.get_template(name).render(given)


def _deployments(answers: Answers) -> str:
    """Returns Duologue's own prefect.yaml, with the installed flows and the project's answers."""
    text = re.sub(
        r"(?m)(entrypoint: )flows/(\w+)\.py:", r"\1duologue.flows.\2:", _text(PREFECT_FILE)
    )
    return re.sub(
        r"(?m)^(    (seeds|chatbot|simulated_user): )[^#\n]*?( *#.*)?$",
        lambda line: f"{line[1]}{_quoted(getattr(answers, line[2]))}{line[3] or ''}",
        text,
    )
