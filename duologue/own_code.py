"""Importing what a spelling names: a module, or a function in it."""

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from duologue.allowed_code import check_allowed
from duologue.errors import UsageError

_OWN_FUNCTION = re.compile(r"python:[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def import_module(name: str, subject: str) -> ModuleType:
    """Imports a module from the working directory or from what is installed.

    Args:
        name: dotted, as in `package.module`.
        subject: who asks for it, for the error, as in `participant 'local:package.module'`.

    Raises:
        UsageError: there is no such module, it failed while it was imported, or this run may not
            import it.
    """
    check_allowed(name, subject)
    # As with `python -m`, the working directory comes first: the person's own module is meant.
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise UsageError(
                f"{subject}: there is no module {error.name!r} in "
                f"{Path.cwd()} or among the installed packages; name it as Python would import it"
            ) from None
        raise UsageError(
            f"{subject}: {name} needs the module {error.name!r}, which is not installed"
        ) from error
    except Exception as error:
        raise UsageError(
            f"{subject}: {name} failed while it was imported "
            f"({type(error).__name__}: {error}); mend it, `python -m {name}` shows where"
        ) from error


def import_own_function(
    spelling: str, kind: str, example: str, expected: str, arguments: Sequence[object], given: str
) -> Callable[..., Any]:
    """Imports a function that a person wrote for Duologue to call, and sees that it can be called.

    Args:
        spelling: as the person gave it.
        kind: what the function is, as in `rule`.
        example: a right spelling.
        expected: what the function should look like.
        arguments: of the kind that it will be called with.
        given: what these are, in words.

    Raises:
        UsageError: the spelling is wrong, there is no such function, or it takes other arguments.
    """
    subject = f"own {kind} {spelling!r}"
    if not _OWN_FUNCTION.fullmatch(spelling):
        raise UsageError(
            f"{subject}: expected python:package.module:{kind}, as in {example} (the module's "
            "name, not its file's)"
        )
    function = import_function(spelling, subject, expected)
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError as error:
        raise UsageError(
            f"{subject}: cannot be called with {given} ({error}); expected {expected}"
        ) from None
    return function


def import_function(spelling: str, subject: str, expected: str) -> Callable[..., Any]:
    """Imports the function that `python:package.module:function` names.

    Args:
        spelling: checked to be of that form.
        subject: who asks for it, for the error.
        expected: what the function should look like, for the error.

    Raises:
        UsageError: there is no such module, nothing in it that can be called by that name, or it
            is one that this run may not import.
    """
    _, module_name, path = spelling.split(":")
    found: Any = import_module(module_name, subject)
    for name in path.split("."):
        found = getattr(found, name, None)
    if not callable(found):
        raise UsageError(f"{subject}: {module_name} has no function {path!r}; expected {expected}")
    # Through what a module imports, every other one could be reached.
    check_allowed(str(getattr(found, "__module__", None)), subject)
    function: Callable[..., Any] = found
    return function
