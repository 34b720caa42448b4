"""`duologue init`: the files of a new project."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from duologue.cli.terminal import Console
from duologue.errors import UsageError

if TYPE_CHECKING:
    from duologue.project.files import Written


def init(
    folder: Annotated[Path, typer.Argument(help="The project's folder.")] = Path(),
    chatbot: Annotated[
        str | None, typer.Option(help="The chatbot, such as support-bot@production.")
    ] = None,
    simulated_user: Annotated[
        str | None, typer.Option(help="The simulated user, named like the chatbot.")
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(help="The file with the first user messages, or its URL.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take the defaults.")] = False,
) -> None:
    """Make a folder a Duologue project.

    Asks for the chatbot, the simulated user and the seeds, and writes duologue.toml, example seeds,
    prefect.yaml, prefect.toml, a GitHub Actions workflow and .gitignore. Existing files
    are not changed.

    Exit code 0; 2 if a reference is wrong or a file cannot be written.
    """
    from duologue.project.files import SEEDS, Answers, write_project
    from duologue.settings.run import BUNDLED_CHATBOT, BUNDLED_SIMULATED_USER

    console = Console()
    asks = not yes and sys.stdin.isatty() and console.is_terminal
    if asks:
        console.say("Press Enter for the default in brackets; you can change every answer later.\n")
    answers = Answers(
        chatbot=_participant("Which chatbot", chatbot, BUNDLED_CHATBOT, asks, console),
        simulated_user=_participant(
            "Which simulated user", simulated_user, BUNDLED_SIMULATED_USER, asks, console
        ),
        seeds=_seeds(seeds, SEEDS, folder, asks, console),
    )
    _show(write_project(folder, answers), folder, console)


def _participant(
    question: str, given: str | None, default: str, asks: bool, console: Console
) -> str:
    """Takes a reference from the option, or from the answer to the question, or the default.

    Raises:
        UsageError: the option's reference is of no known kind.
    """
    from duologue.settings.participants import ParticipantSettings

    while True:
        text = given or (typer.prompt(question, default=default) if asks else default)
        try:
            return ParticipantSettings.parsed(text).reference
        except UsageError as error:
            if given or not asks:
                raise
            console.say(str(error))


def _seeds(given: str | None, default: str, folder: Path, asks: bool, console: Console) -> str:
    """Takes the seed file from the option, or from the answer, or the example that is written.

    Raises:
        UsageError: the option names a file that is not there.
    """
    while True:
        text = given or (typer.prompt("Which seed file", default=default) if asks else default)
        if text == default or "://" in text or (folder / text).is_file():
            return text
        problem = (
            f"seeds {text!r}: there is no such file in {folder.absolute()}; name one, or leave"
        )
        if given or not asks:
            raise UsageError(f"{problem} it out for an example")
        console.say(f"{problem} it as it is for an example")


def _show(written: "Written", folder: Path, console: Console) -> None:
    """Prints what was written, and what to do next."""
    for name in written.made:
        console.say(f"wrote {folder / name}")
    for name in written.kept:
        console.say(f"kept  {folder / name}, which was there")
    option = "" if written.prefect_file == "prefect.yaml" else f" --file {written.prefect_file}"
    steps = {
        "duologue doctor": "checks what a run needs",
        "duologue generate": "generates a dataset",
        f"duologue serve{option}": "generates one every night",
    }
    console.say("\nNext:")
    if folder != Path():
        console.say(f"  cd {shlex.quote(str(folder))}")
    width = max(map(len, steps))
    for command, meaning in steps.items():
        console.say(f"  {command:{width}}  {meaning}")
