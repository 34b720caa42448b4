"""How human the simulated users of a version are, and where that is stored.

OUTPUT/DATASET/realism/VERSION/realism.json     the figures
OUTPUT/DATASET/realism/VERSION/report.html      the same to read
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from pydantic import ValidationError
from upath import UPath

from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.dataset.manifest import installed_version
from duologue.errors import UsageError
from duologue.realism.measuring import Source, compare_users
from duologue.realism.reading import read_users
from duologue.realism.result import Realism
from duologue.report.realism_page import PastRealism, write_realism_report
from duologue.settings.options import Record
from duologue.storage.files import make_folder, write_json
from duologue.storage.locations import without_credentials
from duologue.versions.places import DatasetFolder, Version
from duologue.versions.writing import export_errors, write_file

REALISM_FOLDER = "realism"
REALISM_FILE = "realism.json"
REALISM_REPORT = "report.html"


class VersionRealism(Record):
    """How human the simulated users of one version are."""

    dataset: str
    version: str
    revision: int
    duologue_version: str
    measured_at: datetime
    """UTC."""
    realism: Realism


def measure_realism(version: Version, real: Source) -> VersionRealism:
    """Compares a version's simulated users with real ones, and stores the result with the dataset.

    Raises:
        UsageError: the two cannot be compared.
        ExportError: the result could not be written.
    """
    simulated = read_users(str(version.folder / CONVERSATIONS_FILE))
    named = Source(str(version), simulated.users, simulated.left_out)
    return store_realism(version, compare_users(named, real))


def store_realism(version: Version, realism: Realism) -> VersionRealism:
    """Writes a result with its page, which draws those of earlier versions too."""
    manifest = version.manifest
    measured = VersionRealism(
        dataset=manifest.dataset,
        version=manifest.version,
        revision=manifest.revision,
        duologue_version=installed_version(),
        measured_at=datetime.now(UTC),
        realism=realism,
    )
    folder = version.dataset.folder / REALISM_FOLDER / manifest.version
    with export_errors(f"{version}: its realism cannot be written"):
        earlier = list(_earlier(version.dataset, measured))
        make_folder(folder)
        write_file(folder / REALISM_REPORT, partial(write_realism_report, measured, earlier))
        write_json(folder / REALISM_FILE, measured)
    return measured


def realism_folder(version: Version) -> UPath:
    """Returns where a version's realism is stored."""
    return version.dataset.folder / REALISM_FOLDER / version.manifest.version


def _earlier(dataset: DatasetFolder, measured: VersionRealism) -> Iterator[PastRealism]:
    """Yields what was measured on earlier versions against the same file, oldest first."""
    folder = dataset.folder / REALISM_FOLDER
    names = sorted(place.name for place in folder.iterdir()) if folder.is_dir() else []
    for name in names:
        if name >= measured.version or not (folder / name / REALISM_FILE).exists():
            continue
        before = _read(folder / name / REALISM_FILE)
        if before.realism.real == measured.realism.real:
            yield PastRealism(name, before.realism)


def _read(file: UPath) -> VersionRealism:
    try:
        return VersionRealism.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise UsageError(
            f"{without_credentials(file)}: was changed, or written by another Duologue; "
            f"`duologue realism {file.parent.name}` writes it again"
        ) from error
