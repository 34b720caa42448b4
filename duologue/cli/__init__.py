"""The command line: `duologue …`.

What takes long to import (Prefect, pyarrow, the Vellum SDK) is imported by the command that needs
it, so that `duologue --help` answers immediately.
"""

import shlex
from typing import Annotated, Any

import typer
from rich.text import Text

from duologue.cli.check import check
from duologue.cli.compare import compare
from duologue.cli.config import config
from duologue.cli.diff import diff
from duologue.cli.doctor import doctor
from duologue.cli.evaluate import evaluate
from duologue.cli.export import export
from duologue.cli.flags import SettingsCommand
from duologue.cli.generate import generate
from duologue.cli.init import init
from duologue.cli.local_run import written
from duologue.cli.mining import mine_seeds, show_coverage
from duologue.cli.options import Group, example
from duologue.cli.publish import publish_app
from duologue.cli.push_test_suite import push_test_suite
from duologue.cli.realism import realism
from duologue.cli.rerun import rerun
from duologue.cli.review import review
from duologue.cli.seeds import seeds_app
from duologue.cli.serve import serve
from duologue.cli.show import show
from duologue.cli.terminal import Console, print_in_any_encoding
from duologue.cli.versions import versions_app
from duologue.errors import DuologueError, SeveralDatasetsError
from duologue.interruption import exit_code, was_interrupted

_TYPED = "duologue.typed"

RUNS = ("generate", "rerun", "evaluate", "compare")
"""The commands that call participants."""


class Commands(Group):
    """Shows Duologue's own errors as one message, with exit code 2, instead of a traceback."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Makes the context; Typer ends without a word if that is interrupted."""
        try:
            return super().make_context(*args, **kwargs)
        except KeyboardInterrupt:
            raise SystemExit(_stopped("Stopped before anything was done.")) from None

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Remembers what was typed, for an error that suggests what to type instead."""
        ctx.meta[_TYPED] = shlex.join(["duologue", *args])
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that was given."""
        print_in_any_encoding()
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, typer.Abort) as error:
            if isinstance(error, typer.Abort) and not was_interrupted():
                raise  # a question was answered with no
            ctx.exit(_stopped(_how_far(ctx)))
        except DuologueError as error:
            if ctx.params["debug"]:
                raise
            text = str(error)
            if isinstance(error, SeveralDatasetsError):
                text += f", for example: {ctx.meta[_TYPED]} --name {error.names[0]}"
            message = Text.assemble(("Error: ", "bold red"), text)
            Console(stderr=True).print(message, soft_wrap=True)
            ctx.exit(2)


def _how_far(ctx: Any) -> str:
    """Says in a sentence how far a command came that was interrupted."""
    if name := written.get():
        return f"Stopped; {name} is written already."
    runs = ctx.invoked_subcommand in RUNS
    return "Stopped before anything was simulated." if runs else "Stopped."


def _stopped(sentence: str) -> int:
    """Prints why a command ends, and returns its exit code."""
    Console(stderr=True).print(f"\n{sentence}")
    return exit_code()


app = typer.Typer(
    cls=Commands,
    help="Realistic multi-turn conversations between a chatbot and a simulated user.",
    epilog=example("duologue generate my_seeds.csv --chatbot support-bot"),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    # Rich takes 0.1 s to import, cuts long defaults, and reads `[tool.duologue]` as markup.
    rich_markup_mode=None,
)
app.command(epilog=example("duologue init", "duologue init my-project --yes"))(init)
app.command(epilog=example("duologue doctor"))(doctor)
app.command(
    cls=SettingsCommand,
    epilog=example(
        "duologue generate my_seeds.csv --chatbot support-bot@production",
        "duologue generate my_seeds.csv --set gates.max_failed_share=0.2",
    ),
)(generate)
app.command(
    epilog=example("duologue rerun", "duologue rerun latest order-status --max-concurrency 8")
)(rerun)
app.command(
    epilog=example(
        "duologue config", "duologue config --set evaluate.scoring.confidence=0.9 --format json"
    )
)(config)
seeds_app.command(
    "mine",
    cls=SettingsCommand,
    epilog=example(
        "duologue seeds mine support-bot -o seeds.csv --since 7d",
        "duologue seeds mine transcripts.jsonl -o seeds.csv",
    ),
)(mine_seeds)
seeds_app.command(
    "coverage", epilog=example("duologue seeds coverage latest --real real_conversations.jsonl")
)(show_coverage)
app.add_typer(publish_app)
app.add_typer(seeds_app)
app.command(
    epilog=example("duologue check transcripts.jsonl --set rules.severities.farewell_tail=off")
)(check)
app.command(epilog=example("duologue show latest"))(show)
app.command(epilog=example("duologue review latest decisions-anna.json decisions-ben.json"))(review)
app.command(
    epilog=example(
        "duologue realism latest --real real_conversations.jsonl",
        "duologue realism --between simulated.jsonl real.jsonl --format json",
    )
)(realism)
app.add_typer(versions_app)
app.command(epilog=example("duologue diff 20261124T053516123Z-1a2b3c4d latest"))(diff)
app.command(
    cls=SettingsCommand,
    epilog=example(
        "duologue evaluate latest --candidate support-bot@staging",
        "duologue evaluate --set gates.min_scores.similarity=0.8",
    ),
)(evaluate)
app.command(
    cls=SettingsCommand,
    epilog=example(
        "duologue compare --candidate support-bot@staging",
        "duologue compare --candidate bot@new --baseline bot@old --seeds my_seeds.csv",
    ),
)(compare)
app.command(epilog=example("duologue export latest promptfoo cases.jsonl"))(export)
app.command(
    cls=SettingsCommand,
    epilog=example("duologue push-test-suite latest my-test-suite --per prefix"),
)(push_test_suite)
app.command(epilog=example("duologue serve", "duologue serve --port 4317"))(serve)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version as installed_version

        typer.echo(f"duologue {installed_version('duologue')}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show an error's traceback.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Realistic multi-turn conversations between a chatbot and a simulated user."""
