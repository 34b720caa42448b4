"""Reading a file of variants, such as personas: each a name, and columns for the seeds."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from duologue.conversation.emptiness import is_empty
from duologue.errors import UsageError
from duologue.seeds.columns import normalised
from duologue.seeds.json_values import as_text
from duologue.seeds.read import FORMATS
from duologue.seeds.row import Reading, Row, Source, fault_of, row_of
from duologue.seeds.seed import RejectedRow
from duologue.storage.text import decoded_text
from duologue.storage.unpacking import stored_file

BUNDLED_FOLDER = Path(__file__).parents[1] / "datasets"
"""The data that comes with Duologue, also where it is installed."""

NAME_COLUMN = "name"
NOTES = ("effect", "source")
"""Columns of a file of variants that explain it and do not become columns of seeds."""

SEPARATOR = "+"
"""Separates a seed's id and the names of its variants; no name has it, so ids stay distinct."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One persona, style, and so on."""

    name: str
    columns: Mapping[str, str]
    """What it adds to a seed, by column; at least one."""


@dataclass(frozen=True, slots=True)
class Variants:
    """The variants of one file."""

    title: str
    """The file's name without folder and suffix, as in `personas`."""
    file: str
    variants: tuple[Variant, ...]
    """At least one; their names are distinct."""

    @property
    def has_personas(self) -> bool:
        """Whether a variant has a persona."""
        return any(normalised(name) == "persona" for one in self.variants for name in one.columns)


def read_variants(path: str) -> Variants:
    """Reads a file of variants: a seed file's formats with a column `name`, or TOML.

    In TOML each table is a variant, and its keys are columns; a text instead of a table is its
    persona.

    Args:
        path: a path or a URL; a file that is not there may be one that comes with Duologue, such as
            `personas.csv`.

    Raises:
        UsageError: the file cannot be read, or a variant has no name, the name of another one, or
            nothing else.
    """
    place = path if "://" in path or Path(path).expanduser().exists() else _bundled(path) or path
    formats: dict[str, Callable[[Source], Reading]] = {**FORMATS, ".toml": _read_toml}
    file = stored_file(place, formats, None, "--with")
    rows = formats[file.suffix](Source(file.name, file.data, NAME_COLUMN)).rows
    if not rows:
        raise UsageError(f"{file.name}: holds no variants; expected one a row, each with a name")
    title = PurePosixPath(file.name).name.partition(".")[0]
    variants = Variants(title, file.name, tuple(_variant(row, file.name) for row in rows))
    _check_names(variants, rows)
    return variants


def _bundled(path: str) -> str | None:
    """Returns the file that comes with Duologue as `personas.csv` or `datasets/personas.csv`."""
    file = BUNDLED_FOLDER / Path(path).name
    is_meant = Path(path).parent in (Path(), Path("datasets")) and file.is_file()
    return str(file) if is_meant else None


def _read_toml(source: Source) -> Reading:
    try:
        tables = tomllib.loads(decoded_text(source.data, source.file))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{source.file}: is not TOML: {error}") from None
    rows: list[Row | RejectedRow] = [
        row_of(number, {NAME_COLUMN: name, **_columns(name, table, source.file)}, NAME_COLUMN)
        for number, (name, table) in enumerate(tables.items(), 1)
    ]
    return Reading("each table is a variant", rows)


def _columns(name: str, value: Any, file: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        return {"persona": value}
    raise UsageError(
        f"{file}: {name!r} is {value!r}; expected a persona in quotes, or a table of columns"
    )


def _variant(row: Row | RejectedRow, file: str) -> Variant:
    if isinstance(row, RejectedRow):
        raise UsageError(str(row))
    where = f"{file}:{row.line}"
    name = as_text(row.message).strip() if row.message is not None else ""
    if is_empty(name):
        raise UsageError(f"{where}: has no name; give each variant one, for the ids of its seeds")
    if not name.isprintable():
        raise UsageError(
            f"{where}: the name {name!r} has a line end or another character that cannot be "
            "printed; names are part of ids, so leave it out"
        )
    if SEPARATOR in name:
        raise UsageError(
            f"{where}: the name {name!r} has a {SEPARATOR!r}, which separates names in ids; use "
            "another character"
        )
    columns = {
        column: text
        for column, text in row.context.items()
        if normalised(column) not in NOTES and not is_empty(text)
    }
    if fault := fault_of(Row(row.line, name, None, columns)):
        raise UsageError(f"{where}: {fault}")
    if not columns:
        raise UsageError(f"{where}: {name!r} says nothing; expected a column such as persona")
    return Variant(name, columns)


def _check_names(variants: Variants, rows: list[Row | RejectedRow]) -> None:
    first: dict[str, int] = {}
    for variant, row in zip(variants.variants, rows, strict=True):
        if variant.name in first:
            raise UsageError(
                f"{variants.file}:{row.line}: the name {variant.name!r} already stands on line "
                f"{first[variant.name]}; give each variant its own"
            )
        first[variant.name] = row.line
