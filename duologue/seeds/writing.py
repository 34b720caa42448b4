"""Writing seeds as a file that `read_seeds` reads back as the same seeds."""

import csv
import io
import json
from collections.abc import Callable, Sequence

from upath import UPath

from duologue.errors import UsageError
from duologue.seeds.columns import SEED_ID_COLUMN, listed, normalised
from duologue.seeds.seed import Seed
from duologue.storage.files import describe_storage_error, write_whole

MESSAGE_COLUMN = "message"


def write_seeds(seeds: Sequence[Seed], path: str, *, replace: bool = False) -> None:
    """Writes seeds, completely or not at all.

    In CSV a column that a seed lacks is empty; in JSONL it is left out.

    Args:
        seeds: in the order of the file; their ids are distinct.
        path: ends in `.csv` or `.jsonl`.
        replace: whether a file that is already there may be replaced.

    Raises:
        UsageError: the format is another one, there is a file already, a column has the name of the
            message or the id, or the file cannot be written.
    """
    file = UPath(path).expanduser()
    laid_out = _LAYOUTS.get(file.suffix.lower())
    if laid_out is None:
        raise UsageError(f"{path}: expected a name that ends in {' or '.join(_LAYOUTS)}")
    if file.exists() and not (replace and file.is_file()):
        raise UsageError(f"{path}: is already there; choose another name, or add --force")
    taken = {MESSAGE_COLUMN, SEED_ID_COLUMN}
    names = list(dict.fromkeys(name for seed in seeds for name in seed.context))
    if clashing := [name for name in names if normalised(name) in taken]:
        raise UsageError(
            f"the seeds have a column {listed(clashing)} besides their own message and id, and a "
            "file cannot have it twice; rename it"
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, laid_out(seeds, names).encode())
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {describe_storage_error(error)}; choose another place"
        ) from error


def _as_csv(seeds: Sequence[Seed], names: Sequence[str]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([SEED_ID_COLUMN, MESSAGE_COLUMN, *names])
    for seed in seeds:
        cells = (seed.context.get(name, "") for name in names)
        writer.writerow([seed.seed_id, seed.message, *cells])
    return text.getvalue()


def _as_jsonl(seeds: Sequence[Seed], _names: Sequence[str]) -> str:
    rows = (
        {SEED_ID_COLUMN: seed.seed_id, MESSAGE_COLUMN: seed.message, **seed.context}
        for seed in seeds
    )
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


_LAYOUTS: dict[str, Callable[[Sequence[Seed], Sequence[str]], str]] = {
    ".csv": _as_csv,
    ".jsonl": _as_jsonl,
}
