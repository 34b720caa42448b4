"""Importing code that a person names: a module, or a function in it, if this run may import it.

`local:` and `python:` name code, and importing a module runs it. People who type them run their own
code. A Prefect deployment is different: its parameters come from whoever may start its runs, and
those of a rerun from the files of a dataset. There, the worker says which code it will run.
"""

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from duologue.errors import UsageError
from duologue.foreign_code import Raised, call_foreign_here, working_directory_kept

_OWN_FUNCTION = re.compile(r"python:[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")

VARIABLE = "DUOLOGUE_ALLOWED_CODE"
"""The environment variable of the worker that names further modules."""

BUNDLED = (
    "duologue.workflows.judge_llm",
    "duologue.workflows.simulated_user",
    "duologue.workflows.simulated_user_llm",
    "duologue.workflows.support_bot",
    "duologue.workflows.support_bot_llm",
)
"""Always allowed, because they come with Duologue. Not all of `workflows`: people add their own."""

_ENTRY = re.compile(r"\*|[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True)
class AllowedCode:
    """Modules that may be imported, each with its submodules; `*` allows any module."""

    modules: tuple[str, ...]

    def allows(self, module: str) -> bool:
        """Checks whether a module is one of them, or inside one."""
        return "*" in self.modules or any(
            module == allowed or module.startswith(f"{allowed}.") for allowed in self.modules
        )


allowed_code: ContextVar[AllowedCode | None] = ContextVar("allowed_code", default=None)
"""What this run may import; None for anything."""


def allowed_by(variable: str) -> AllowedCode:
    """Reads the worker's variable: module names separated by commas, added to the bundled ones.

    Raises:
        UsageError: one of them is not a module name.
    """
    named = [entry.strip() for entry in variable.split(",") if entry.strip()]
    for entry in named:
        if not _ENTRY.fullmatch(entry):
            raise UsageError(
                f"{VARIABLE}: {entry!r} is not a module name; expected names separated by commas, "
                "as in my_company.bots,my_rules, or * for any module"
            )
    return AllowedCode((*BUNDLED, *named))


def check_allowed(module: str, subject: str) -> None:
    """Refuses a module that this run may not import.

    Args:
        module: its dotted name.
        subject: what needs it, for the error, as in `participant 'local:package.module'`.

    Raises:
        UsageError: it is not allowed here.
    """
    allowed = allowed_code.get()
    if allowed is None or allowed.allows(module):
        return
    raise UsageError(
        f"{subject}: a Prefect deployment runs only the code that its worker allows, and "
        f"{module!r} is not part of it ({', '.join(allowed.modules)}); to allow it, add it to "
        f"{VARIABLE} in the environment that the worker, or `duologue serve`, is started with"
    )


def import_module(name: str, subject: str) -> ModuleType:
    """Imports a module from the working directory or from what is installed.

    Args:
        name: dotted, as in `package.module`.
        subject: what needs it, for the error, as in `participant 'local:package.module'`.

    Raises:
        UsageError: there is no such module, importing it failed, or this run may not import it.
    """
    check_allowed(name, subject)
    # As with `python -m`, the working directory comes first: people mean their own module.
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    with working_directory_kept():
        module = call_foreign_here(lambda: importlib.import_module(name))
    if not isinstance(module, Raised):
        imported: ModuleType = module
        return imported
    error = module.error
    if not isinstance(error, ModuleNotFoundError):
        raise UsageError(
            f"{subject}: {name} failed while it was imported "
            f"({type(error).__name__}: {error}); fix it; `python -m {name}` shows where"
        ) from error
    if error.name and (name == error.name or name.startswith(f"{error.name}.")):
        raise UsageError(
            f"{subject}: there is no module {error.name!r} in "
            f"{Path.cwd()} or among the installed packages; name it as Python would import it"
        )
    raise UsageError(
        f"{subject}: {name} needs the module {error.name!r}, which is not installed"
    ) from error


def import_own_function(
    reference: str, kind: str, example: str, expected: str, arguments: Sequence[object], given: str
) -> Callable[..., Any]:
    """Imports a function that a person wrote for Duologue, and checks that it can be called.

    Args:
        reference: as the person gave it.
        kind: what the function is, as in `rule`.
        example: a correct reference.
        expected: what the function should look like.
        arguments: examples of what it will be called with.
        given: what the arguments are, in words.

    Raises:
        UsageError: the reference has the wrong form, there is no such function, or it takes other
            arguments.
    """
    subject = f"own {kind} {reference!r}"
    if not _OWN_FUNCTION.fullmatch(reference):
        raise UsageError(
            f"{subject}: expected python:package.module:{kind}, as in {example} (the module's "
            "name, not its file's)"
        )
    function = import_function(reference, subject, expected)
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError as error:
        raise UsageError(
            f"{subject}: cannot be called with {given} ({error}); expected {expected}"
        ) from None
    return function


def import_function(reference: str, subject: str, expected: str) -> Callable[..., Any]:
    """Imports the function that `python:package.module:function` names.

    Args:
        reference: a reference that has this form.
        subject: what needs it, for the error.
        expected: what the function should look like, for the error.

    Raises:
        UsageError: there is no such module, it has no such function, or this run may not
            import it.
    """
    _, module_name, path = reference.split(":")
    found: Any = import_module(module_name, subject)
    for name in path.split("."):
        found = getattr(found, name, None)
    if not callable(found):
        raise UsageError(f"{subject}: {module_name} has no function {path!r}; expected {expected}")
    # A module gives access to everything that it imports.
    check_allowed(str(getattr(found, "__module__", None)), subject)
    function: Callable[..., Any] = found
    return function
