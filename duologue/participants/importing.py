"""Importing what a participant's spelling names."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

from duologue.errors import UsageError


def import_module(name: str, participant: str) -> ModuleType:
    """Imports a module from the working directory or from what is installed.

    Args:
        name: dotted, as in `package.module`.
        participant: the spelling that names it, for the error.

    Raises:
        UsageError: there is no such module, or it failed while it was imported.
    """
    # As with `python -m`, the working directory comes first: the person's own module is meant.
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise UsageError(
                f"participant {participant!r}: there is no module {error.name!r} in "
                f"{Path.cwd()} or among the installed packages; name it as Python would import it"
            ) from None
        raise UsageError(
            f"participant {participant!r}: {name} needs the module {error.name!r}, which is not "
            "installed"
        ) from error
    except Exception as error:
        raise UsageError(
            f"participant {participant!r}: {name} failed while it was imported "
            f"({type(error).__name__}: {error}); mend it, `python -m {name}` shows where"
        ) from error
