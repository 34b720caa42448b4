"""`duologue publish-to`: a version where other people find it."""

from typing import Annotated

import typer

from duologue.cli.options import Group, Name, Output, VersionOrFolder, example

publish_app = typer.Typer(
    name="publish-to",
    cls=Group,
    help="Publish a version where others find it.",
    epilog=example("duologue publish-to hub my-team/my-dataset"),
    no_args_is_help=True,
    rich_markup_mode=None,
)


@publish_app.command(
    epilog=example(
        "duologue publish-to hub my-team/my-dataset",
        "duologue publish-to hub my-team/my-dataset latest --license cc-by-4.0",
    )
)
def hub(
    repository: Annotated[
        str, typer.Argument(help="The dataset on the Hub, such as my-team/my-dataset.")
    ],
    version: VersionOrFolder = "latest",
    output: Output = "datasets",
    name: Name = None,
    licence: Annotated[
        str | None,
        typer.Option("--license", help="Its identifier on the Hub, such as cc-by-4.0."),
    ] = None,
    public: Annotated[
        bool,
        typer.Option("--public", help="Publish for everyone; a new dataset is private without it."),
    ] = False,
) -> None:
    """Upload a version to the Hugging Face Hub.

    The Hub gets the conversations, the next turns, a card and Croissant metadata. Publishing the
    same version again changes nothing. The environment variable HF_TOKEN holds the token.
    """
    from duologue.exports.hub import publish_to_hub
    from duologue.versions.loading import load_version

    dataset = load_version(version, output, name)
    published = publish_to_hub(dataset, repository, licence=licence, public=public)
    manifest = dataset.manifest
    done = "published as" if published.is_new else "was already"
    typer.echo(f"{manifest.dataset} {manifest.version}, revision {manifest.revision}, {done}")
    typer.echo(published.url)
