"""Paths and URLs as they may be shown."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upath import UPath


def without_credentials(path: "str | UPath") -> str:
    """Takes out what a URL may hold of secrets: user name, password and, with HTTP, the query.

    A local path stays as it is. Elsewhere `?` and `#` are characters of a file's name, as in the
    keys of an object store.
    """
    path = str(path)
    if "://" not in path:
        return path
    if re.search(r"https?://", path, re.IGNORECASE):
        path = re.sub(r"[?#].*", "", path, flags=re.DOTALL)
    return re.sub(r"(?<=://)[^/]*@", "", path)
