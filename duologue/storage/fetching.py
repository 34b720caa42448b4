"""Reading a seed file's bytes from any storage."""

import os

from duologue.errors import UsageError
from duologue.storage.locations import check_credentials, shown_cause, without_credentials


def stored_bytes(path: str) -> bytes:
    """Returns the bytes stored at a local path or any URL that fsspec has a driver for.

    Raises:
        UsageError: there is nothing to read, or no way to read it.
    """
    from fsspec.core import url_to_fs

    check_credentials(path)
    name = without_credentials(path)
    try:
        file_system, location = url_to_fs(path)
        data: bytes = file_system.cat_file(location)
    except ImportError as error:
        raise UsageError(
            f"{name}: this kind of storage needs a package that is not installed "
            f"({error}); install it into the environment that runs Duologue and try again"
        ) from shown_cause(error)
    except FileNotFoundError as error:
        raise UsageError(f"{name}: there is no such file{_looked_for(path)}") from shown_cause(
            error
        )
    except IsADirectoryError as error:
        raise UsageError(f"{name}: is a directory; name one seed file in it") from shown_cause(
            error
        )
    except PermissionError as error:
        raise UsageError(
            f"{name}: may not be read with the permissions that you have; "
            "ask its owner, or change them"
        ) from shown_cause(error)
    # Each storage driver raises its own classes; any of them means the file was not read.
    except Exception as error:
        raise UsageError(
            f"{name}: could not be read ({_why(error, path)}); check the path and your access to it"
        ) from shown_cause(error)
    if not data:
        raise UsageError(f"{name}: is empty (0 bytes); name a file with rows")
    return data


def _looked_for(path: str) -> str:
    if "://" in path:
        return "; check the address"
    absolute = os.path.abspath(os.path.expanduser(path))
    return "; check the path" if absolute == path else f" (looked for {absolute}); check the path"


def _why(error: Exception, path: str) -> str:
    if status := getattr(error, "status", None):
        return f"HTTP {status}"
    if path != without_credentials(
        path
    ):  # The driver's own text may repeat the URL, secrets and all.
        return type(error).__name__
    return str(error) or type(error).__name__
