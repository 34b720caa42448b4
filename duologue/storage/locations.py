"""Paths and URLs in a form that is safe to show."""

import os
import re
from typing import TYPE_CHECKING

from duologue.errors import UsageError

if TYPE_CHECKING:
    from upath import UPath


def absolute(path: str) -> str:
    """Makes a local path absolute, so that it means the same whatever the working directory is.

    Code of users runs between when a run is planned and when it is written, and may change the
    working directory. URLs are returned as they are.
    """
    return path if "://" in path or "::" in path or not path else os.path.abspath(path)


def without_credentials(path: "str | UPath") -> str:
    """Removes secrets from a URL: user name, password and, for HTTP, the query.

    A local path is returned as it is. In other URLs `?` and `#` may be part of a file name, as in
    the keys of an object store.
    """
    path = str(path)
    if "://" not in path:
        return path
    if re.search(r"https?://", path, re.IGNORECASE):
        path = re.sub(r"[?#].*", "", path, flags=re.DOTALL)
    return re.sub(r"(?<=://)[^/]*@", "", path)


def check_credentials(path: str) -> None:
    """Refuses an object store URL that contains a key; no driver reads keys from there.

    Drivers take the key for part of the bucket's name, and show it.

    Raises:
        UsageError: the URL contains a key.
    """
    if re.search(r"\b(s3a?|gs|gcs)://[^/]*@", path):
        raise UsageError(
            f"{without_credentials(path)}: the URL was given with a key in it, which is not where "
            "this storage takes it from; set it in the environment, such as AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY for s3://"
        )


def shown_cause(error: Exception) -> Exception | None:
    """Returns the error to raise from; None if its traceback would show a URL's secrets."""
    link: BaseException | None = error
    while link is not None:
        if without_credentials(str(link)) != str(link):
            return None
        link = link.__cause__ or link.__context__
    return error
