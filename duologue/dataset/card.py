"""The dataset card: a version's README.md, with the metadata that Hugging Face reads."""

from collections.abc import Sequence
from io import RawIOBase

from jinja2 import Environment, PackageLoader, StrictUndefined

from duologue.dataset.manifest import Manifest
from duologue.dataset.schema import columns_table

CARD_FILE = "README.md"

UNDETERMINED = "und"
"""ISO 639-2's code for a language that has not been determined."""

_SIZE_CATEGORIES = {
    1_000: "n<1K",
    10_000: "1K<n<10K",
    100_000: "10K<n<100K",
    1_000_000: "100K<n<1M",
    10_000_000: "1M<n<10M",
}
"""Hugging Face's words for how many rows there are, by the number they stay below."""


def write_card(manifest: Manifest, file: RawIOBase) -> None:
    """Writes the card of a version whose data files are written and in its manifest."""
    file.write(card(manifest, manifest.seed_file.path).encode())


def card(
    manifest: Manifest,
    seed_path: str,
    languages: Sequence[str] = (UNDETERMINED,),
    licence: str | None = None,
) -> str:
    """Returns the card of a version.

    Args:
        manifest: of the version.
        seed_path: where its seeds are from.
        languages: of its conversations, as ISO 639 codes.
        licence: its identifier on the Hub, such as `cc-by-4.0`; None leaves it out.
    """
    environment = Environment(
        loader=PackageLoader("duologue", "dataset"),
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
    )
    return environment.get_template("card.md.jinja").render(
        manifest=manifest,
        created_at=f"{manifest.created_at:%Y-%m-%d %H:%M} UTC",
        # Both stay within their table cells.
        seed_path=seed_path.replace("|", "\\|"),
        used=manifest.usage and manifest.usage.summary.replace("|", "\\|"),
        size_category=_size_category(manifest.counts.valid),
        columns=columns_table(),
        languages=languages or (UNDETERMINED,),
        licence=licence,
    )


def _size_category(rows: int) -> str:
    below = (name for limit, name in _SIZE_CATEGORIES.items() if rows < limit)
    return next(below, "10M<n<100M")
