"""Reading what was measured: how reliable rules and judges were on a version.

OUTPUT/DATASET/reviews/VERSION/reliability.json     from `duologue review`
"""

from contextlib import suppress

from pydantic import ValidationError
from upath import UPath

from duologue.errors import UsageError
from duologue.reliability.measuring import VersionReliability
from duologue.storage.files import names_in
from duologue.storage.locations import without_credentials
from duologue.versions.places import REVIEWS_FOLDER, is_version, revision_in

RELIABILITY_FILE = "reliability.json"


def reliability_of(folder: UPath) -> VersionReliability | None:
    """Reads what was measured on the version in a folder, or else on the newest reviewed version.

    Returns:
        None if no version of its dataset is reviewed.

    Raises:
        UsageError: the version's file cannot be read.
    """
    revision = revision_in(folder.name)
    own = None if revision is None else _read(folder.parent, revision.version)
    return own or newest_reliability(folder.parent)


def newest_reliability(dataset: UPath) -> VersionReliability | None:
    """Reads what was measured last in a dataset's folder; passes over files it cannot read."""
    try:
        names = names_in(dataset / REVIEWS_FOLDER)
    except FileNotFoundError:
        return None
    for version in sorted(filter(is_version, names), reverse=True):
        with suppress(UsageError):
            if measured := _read(dataset, version):
                return measured
    return None


def _read(dataset: UPath, version: str) -> VersionReliability | None:
    file = dataset / REVIEWS_FOLDER / version / RELIABILITY_FILE
    try:
        return VersionReliability.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise UsageError(
            f"{without_credentials(file)}: was changed, or written by another Duologue; "
            f"`duologue review {version}` writes it again"
        ) from error
