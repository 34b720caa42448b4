"""Comparisons of small real conversations, as files."""

from collections.abc import Sequence
from pathlib import Path

from upath import UPath

from duologue.comparison.manifest import ComparisonManifest
from duologue.comparison.outcomes import BUILT_IN, measure
from duologue.comparison.sides import Side
from duologue.settings.comparison import ComparisonSettings
from duologue.simulation import FailedSeed
from duologue.validation.check import CheckedConversation
from duologue.versions.comparisons import ComparedSide, ComparisonContents, write_comparison
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import STARTED_AT, VERSION, contents

Made = CheckedConversation | FailedSeed


def write_sides(
    folder: Path, baseline: Sequence[Made], candidate: Sequence[Made]
) -> ComparisonManifest:
    """Writes a comparison of two sides to a folder."""
    sides = {}
    for side, made in ((Side.BASELINE, baseline), (Side.CANDIDATE, candidate)):
        its_contents = contents(
            *(one for one in made if isinstance(one, CheckedConversation)),
            failed=[one for one in made if isinstance(one, FailedSeed)],
        )
        version = write_version(
            DatasetFolder(str(folder / VERSION), side.value), VERSION, its_contents
        )
        sides[side] = ComparedSide(version, [measure(one) for one in made], is_published=False)
    run = its_contents.settings
    settings = ComparisonSettings(
        baseline=run.chatbot,
        candidate=run.chatbot,
        simulated_user=run.simulated_user,
        turns=3,
    )
    compared = ComparisonContents("shop", settings, BUILT_IN, sides, {}, {}, STARTED_AT)
    return write_comparison(UPath(folder / VERSION), compared)
