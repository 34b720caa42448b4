"""Seeds times variants: every combination, or a balanced sample of them."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from duologue.errors import UsageError
from duologue.seeds.columns import MESSAGE_COLUMNS, SEED_ID_COLUMN, normalised
from duologue.seeds.scenario import PERSONA_NAME, fault_of_scenario
from duologue.seeds.seed import MOST_ID_CHARACTERS, Seed, SeedFile
from duologue.seeds.variants import SEPARATOR, Variant, Variants

MOST_SEEDS = 100_000
"""More is rarely intended and takes days to simulate; --count chooses a sample."""

JOINED = "persona"
"""The column whose texts are joined if both a seed and a variant have one, or two variants."""


@dataclass(frozen=True, slots=True)
class Grid:
    """What is combined."""

    seeds: SeedFile
    dimensions: tuple[Variants, ...]
    """At least one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """How many seeds there are, and how many variants of each dimension."""
        return (len(self.seeds.seeds), *(len(one.variants) for one in self.dimensions))

    @property
    def size(self) -> int:
        """How many combinations there are."""
        return math.prod(self.shape)

    @property
    def name_columns(self) -> list[str]:
        """The columns that say which variant of each dimension a seed has.

        `persona_name` for the first file with personas, and `styles_name` for a `styles.toml`.
        """
        first = next((one for one in self.dimensions if one.has_personas), None)
        return [
            PERSONA_NAME if one is first else f"{normalised(one.title)}_name"
            for one in self.dimensions
        ]

    @property
    def title(self) -> str:
        """Its size, as in `3 seeds x 24 personas`."""
        parts = [f"{len(one.variants):,} {one.title}" for one in self.dimensions]
        return " x ".join([f"{len(self.seeds.seeds):,} seeds", *parts])


def expanded(grid: Grid, count: int | None = None) -> list[Seed]:
    """Combines seeds with variants.

    A combination's id is the seed's id and the names of its variants, so it stays the same whatever
    other seeds and variants there are.

    Args:
        grid: what is combined.
        count: how many combinations to choose; None for all. In a sample every seed, and every
            variant of each dimension, has the same number of combinations, or one more. The same
            grid gives the same sample.

    Returns:
        The combinations, in the order of the seed file, then of the variants.

    Raises:
        UsageError: the grid is too large or smaller than the count, or a combination is no seed.
    """
    _check_size(grid, count)
    _check_columns(grid)
    cells = _all_cells(grid.shape) if count is None else sorted(_sample(grid, count))
    return [_combined(grid, cell) for cell in cells]


def _check_size(grid: Grid, count: int | None) -> None:
    if not grid.seeds.seeds:
        raise UsageError(f"{grid.seeds.path}: holds no usable seed; correct its rows first")
    if count is None and grid.size > MOST_SEEDS:
        raise UsageError(
            f"{grid.title} make {grid.size:,} seeds, more than {MOST_SEEDS:,}; choose a balanced "
            "sample with --count, or leave some out"
        )
    if count is not None and count > grid.size:
        raise UsageError(
            f"--count is {count:,}, but {grid.title} make only {grid.size:,} seeds; choose fewer, "
            "or leave --count out for all"
        )


def _check_columns(grid: Grid) -> None:
    """Refuses a column that two sides give, because one text would hide the other."""
    owners: dict[str, str] = {}
    for seed in grid.seeds.seeds:
        said = [normalised(name) for name, text in seed.context.items() if text.strip()]
        owners |= dict.fromkeys(said, grid.seeds.path)
    for one, name_column in zip(grid.dimensions, grid.name_columns, strict=True):
        if [other.file for other in grid.dimensions].count(one.file) > 1:
            raise UsageError(f"--with names {one.file} twice; name each file once")
        given = {normalised(column) for variant in one.variants for column in variant.columns}
        for column in sorted({*given, name_column}):
            if column in (*MESSAGE_COLUMNS, SEED_ID_COLUMN):
                raise UsageError(f"{one.file}: its column {column!r} is the seed's own; rename it")
            if column != JOINED and column in owners:
                raise UsageError(
                    f"{one.file}: {owners[column]} has a column {column!r} as well; take it out of "
                    "one of them"
                )
            owners[column] = one.file


def _all_cells(shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    if not shape:
        yield ()
        return
    for first in range(shape[0]):
        yield from ((first, *rest) for rest in _all_cells(shape[1:]))


def _sample(grid: Grid, count: int) -> Iterator[tuple[int, ...]]:
    """Yields the indexes of a balanced sample's combinations.

    Seeds and variants are first put in an order that has nothing to do with their files', so that
    a small sample is not the beginning of each.
    """
    names = [
        [seed.seed_id for seed in grid.seeds.seeds],
        *([variant.name for variant in one.variants] for one in grid.dimensions),
    ]
    orders = [_shuffled(of) for of in names]
    for number in range(count):
        cell = balanced_cell(number, grid.shape)
        yield tuple(order[index] for order, index in zip(orders, cell, strict=True))


def balanced_cell(number: int, shape: Sequence[int]) -> tuple[int, ...]:
    """Returns the combination of this number, from 0: distinct ones, balanced however many.

    Both sides of a pair run through their values side by side, which meets different pairs until
    their least common multiple; then one side skips a value. The other side is a pair itself if
    there are more than two.

    Args:
        number: less than the product of the shape.
        shape: how many values each side has, 1 or more.
    """
    if len(shape) == 1:
        return (number % shape[0],)
    rest = math.prod(shape[1:])
    skipped = number // math.lcm(shape[0], rest)
    return ((number + skipped) % shape[0], *balanced_cell(number % rest, shape[1:]))


def _shuffled(names: Sequence[str]) -> list[int]:
    """Returns the indexes of names in an order that only the names themselves decide."""
    return sorted(range(len(names)), key=lambda i: hashlib.sha256(names[i].encode()).digest())


def _combined(grid: Grid, cell: Sequence[int]) -> Seed:
    seed = grid.seeds.seeds[cell[0]]
    chosen = [
        (one, one.variants[index]) for one, index in zip(grid.dimensions, cell[1:], strict=True)
    ]
    seed_id = SEPARATOR.join([seed.seed_id, *(variant.name for _, variant in chosen)])
    if len(seed_id) > MOST_ID_CHARACTERS:
        raise UsageError(
            f"seed {seed.seed_id[:40]!r}: with the names of its variants its id has {len(seed_id)} "
            f"characters; at most {MOST_ID_CHARACTERS} are allowed, so shorten the names"
        )
    context = dict(seed.context)
    for (_, variant), name_column in zip(chosen, grid.name_columns, strict=True):
        context = {**_with(context, variant), name_column: variant.name}
    if fault := fault_of_scenario(context):
        raise UsageError(f"seed {seed_id!r}: {fault}")
    return Seed(seed_id=seed_id, message=seed.message, context=context)


def _with(context: Mapping[str, str], variant: Variant) -> dict[str, str]:
    """Adds a variant's columns; its persona continues the one that is there."""
    merged = dict(context)
    for column, text in variant.columns.items():
        own = next((name for name in merged if normalised(name) == normalised(column)), column)
        merged[own] = _joined(merged.get(own, ""), text)
    return merged


def _joined(before: str, text: str) -> str:
    return f"{before.rstrip()} {text}" if before.strip() else text
