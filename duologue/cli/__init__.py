"""The command line: `duologue …`.

What takes long to import (Prefect, pyarrow, the Vellum SDK) is imported by the command that needs
it, so that `duologue --help` answers at once.
"""

import shlex
from typing import Annotated, Any

import typer
from rich.text import Text
from typer.core import TyperGroup

from duologue.cli.check import check
from duologue.cli.diff import diff
from duologue.cli.evaluate import evaluate
from duologue.cli.export import export
from duologue.cli.generate import generate
from duologue.cli.local_run import INTERRUPTED
from duologue.cli.push_test_suite import push_test_suite
from duologue.cli.rerun import rerun
from duologue.cli.seeds import seeds_app
from duologue.cli.serve import serve
from duologue.cli.show import show
from duologue.cli.terminal import Console, print_in_any_encoding
from duologue.cli.versions import versions_app
from duologue.errors import DuologueError, SeveralDatasetsError

_TYPED = "duologue.typed"


class Commands(TyperGroup):
    """Tells Duologue's own errors in one message, with exit code 2, instead of a traceback."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Remembers what was typed, for an error that suggests what to type instead."""
        ctx.meta[_TYPED] = shlex.join(["duologue", *args])
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that was given."""
        print_in_any_encoding()
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            Console(stderr=True).print("\nStopped before anything was simulated.")
            ctx.exit(INTERRUPTED)
        except DuologueError as error:
            if ctx.params["debug"]:
                raise
            text = str(error)
            if isinstance(error, SeveralDatasetsError):
                text += f", for example: {ctx.meta[_TYPED]} --name {error.names[0]}"
            message = Text.assemble(("Error: ", "bold red"), text)
            Console(stderr=True).print(message, soft_wrap=True)
            ctx.exit(2)


app = typer.Typer(
    cls=Commands,
    help="Realistic multi-turn conversations between a chatbot and a simulated user.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(generate)
app.command()(rerun)
app.add_typer(seeds_app)
app.command()(check)
app.command()(show)
app.add_typer(versions_app)
app.command()(diff)
app.command()(evaluate)
app.command()(export)
app.command()(push_test_suite)
app.command()(serve)


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
