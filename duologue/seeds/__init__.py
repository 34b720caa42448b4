"""Seeds: the rows of a seed file, each a first user message and what goes with it."""

from duologue.seeds.read import read_seeds
from duologue.seeds.seed import RejectedRow, Seed, SeedFile

__all__ = ["RejectedRow", "Seed", "SeedFile", "read_seeds"]
