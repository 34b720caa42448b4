"""What a dataset may be called: a folder's name on every system."""

import re
from pathlib import PurePosixPath

from slugify import slugify

from duologue.storage.locations import without_credentials

LONGEST_NAME = 100

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_RESERVED_ON_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def dataset_name_from(seed_path: str) -> str:
    """Derives a dataset's name from its seed file: `data/My seeds.csv` becomes `My-seeds`."""
    return valid_name_like(PurePosixPath(without_credentials(seed_path)).stem)


def is_dataset_name(text: str) -> bool:
    """Checks whether a text can be a dataset's name: a folder's name on every system."""
    return (
        _NAME.fullmatch(text) is not None
        and len(text) <= LONGEST_NAME
        and ".." not in text
        and not text.endswith(".")
        and not _RESERVED_ON_WINDOWS.fullmatch(text)
    )


def valid_name_like(text: str) -> str:
    """Returns a name like a text that is none."""
    text = re.sub(r"\.+", ".", text)
    slug = slugify(text, lowercase=False, regex_pattern=r"[^A-Za-z0-9._-]+")
    name = slug[:LONGEST_NAME].strip("._-") or "dataset"
    return name if is_dataset_name(name) else f"dataset-{name}"[:LONGEST_NAME].rstrip(".")
