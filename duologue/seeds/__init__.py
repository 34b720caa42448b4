"""Seeds: the rows of a seed file, each a first user message and what goes with it."""

from duologue.seeds.columns import UnclearColumnsError
from duologue.seeds.read import read_seeds
from duologue.seeds.scenario import Scenario
from duologue.seeds.seed import RejectedRow, RowWarning, Seed, SeedFile

__all__ = [
    "RejectedRow",
    "RowWarning",
    "Scenario",
    "Seed",
    "SeedFile",
    "UnclearColumnsError",
    "read_seeds",
]
