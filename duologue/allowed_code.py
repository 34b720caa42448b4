"""Which modules a run may be asked to import.

`local:` and `python:` name code, and to import a module is to run it. A person who types them runs
what is theirs. A Prefect deployment is another matter: its parameters come from whoever may start
its runs, and a rerun's from the files of a dataset, so there the worker says what it will run.
"""

import re
from contextvars import ContextVar
from dataclasses import dataclass

from duologue.errors import UsageError

VARIABLE = "DUOLOGUE_ALLOWED_CODE"
"""The environment variable of the worker that names further modules."""

BUNDLED = (
    "duologue.workflows.simulated_user",
    "duologue.workflows.simulated_user_llm",
    "duologue.workflows.support_bot",
    "duologue.workflows.support_bot_llm",
)
"""What comes with Duologue is always allowed; not all of `workflows`, where more may stand."""

_ENTRY = re.compile(r"\*|[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True)
class AllowedCode:
    """Modules that may be imported, each with the modules in it; `*` stands for all there are."""

    modules: tuple[str, ...]

    def allows(self, module: str) -> bool:
        """Tells whether a module is one of them, or within one."""
        return "*" in self.modules or any(
            module == allowed or module.startswith(f"{allowed}.") for allowed in self.modules
        )


allowed_code: ContextVar[AllowedCode | None] = ContextVar("allowed_code", default=None)
"""What this run may import; None for anything."""


def allowed_by(variable: str) -> AllowedCode:
    """Reads the worker's variable: modules with commas between them, besides the bundled ones.

    Raises:
        UsageError: one of them is no module's name.
    """
    named = [entry.strip() for entry in variable.split(",") if entry.strip()]
    for entry in named:
        if not _ENTRY.fullmatch(entry):
            raise UsageError(
                f"{VARIABLE}: {entry!r} is no module's name; expected names with commas between "
                "them, as in my_company.bots,my_rules, or * for any module"
            )
    return AllowedCode((*BUNDLED, *named))


def check_allowed(module: str, subject: str) -> None:
    """Refuses a module that this run may not import.

    Args:
        module: its dotted name.
        subject: who asks for it, for the error, as in `participant 'local:package.module'`.

    Raises:
        UsageError: it is not allowed here.
    """
    allowed = allowed_code.get()
    if allowed is None or allowed.allows(module):
        return
    raise UsageError(
        f"{subject}: a Prefect deployment runs only the code that its worker allows, and "
        f"{module!r} is not among it ({', '.join(allowed.modules)}); to allow it, add it to "
        f"{VARIABLE} in the environment that the worker, or `duologue serve`, is started with"
    )
