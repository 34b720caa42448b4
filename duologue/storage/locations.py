"""Paths and URLs as they may be shown."""

import re
from typing import TYPE_CHECKING

from duologue.errors import UsageError

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


def check_credentials(path: str) -> None:
    """Refuses a URL of an object store that holds a key, which no driver takes from there.

    What they make of it is a bucket's name, which they show.

    Raises:
        UsageError: it holds one.
    """
    if re.search(r"\b(s3a?|gs|gcs)://[^/]*@", path):
        raise UsageError(
            f"{without_credentials(path)}: the URL was given with a key in it, which is not where "
            "this storage takes it from; set it in the environment, such as AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY for s3://"
        )


def shown_cause(error: Exception) -> Exception | None:
    """Gives an error to be raised from; None for one whose traceback would show a URL's secrets."""
    link: BaseException | None = error
    while link is not None:
        if without_credentials(str(link)) != str(link):
            return None
        link = link.__cause__ or link.__context__
    return error
