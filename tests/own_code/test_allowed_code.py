"""Code that a run is asked to import, where its worker says what it may; on any other run, all."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.client.schemas.objects import State

from duologue.errors import UsageError
from duologue.own_code import (
    BUNDLED,
    AllowedCode,
    allowed_by,
    allowed_code,
    import_function,
    import_module,
)
from duologue.plans.rerun import plan_rerun
from duologue.settings.run import BUNDLED_CHATBOT, BUNDLED_SIMULATED_USER
from duologue.versions.latest import LATEST_FILE
from tests.support.generating import generated, output_of
from tests.support.vellum_stand_in import StandIn

OWN_RULE = "python:tests.validation.own_rules:no_prices"


@pytest.fixture
def only_my_bots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Allows the package `my_bots`, which is in the working directory with others."""
    (tmp_path / "my_bots").mkdir()
    (tmp_path / "my_bots" / "__init__.py").touch()
    (tmp_path / "my_bots" / "shop.py").write_text(
        "import subprocess\n"
        "from subprocess import run\n"
        "def reply(chat_history): ...\n"
        "class Bot:\n"
        "    def reply(self, chat_history): ...\n"
        "    def __call__(self, chat_history): ...\n"
        "bot = Bot()\n"
    )
    for other in ("my_bots_too", "others"):
        (tmp_path / f"{other}.py").write_text("open('imported', 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    token = allowed_code.set(allowed_by("my_bots"))
    yield
    allowed_code.reset(token)
    sys.path[:] = [entry for entry in sys.path if entry != str(tmp_path)]
    for name in [name for name in sys.modules if name.startswith("my_bots")]:
        del sys.modules[name]


@pytest.mark.parametrize("path", ["reply", "bot", "bot.reply", "Bot.reply"])
def test_a_function_of_what_is_allowed_is_found(only_my_bots: None, path: str) -> None:
    assert callable(import_function(f"python:my_bots.shop:{path}", "it", "a function"))


@pytest.mark.parametrize("module", ["others", "my_bots_too", "os", "workflows", "my_bot"])
def test_another_module_is_not_even_imported(
    only_my_bots: None, module: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"^it: a Prefect deployment runs only the code that"):
        import_module(module, "it")
    assert not (tmp_path / "imported").exists()


@pytest.mark.parametrize(
    "path", ["subprocess.run", "run", "subprocess.os.system", "subprocess.Popen", "bot.__class__"]
)
def test_what_a_module_imports_is_not_reached_through_it(only_my_bots: None, path: str) -> None:
    if path == "bot.__class__":  # its own class, and so no way out
        import_function(f"python:my_bots.shop:{path}", "it", "a function")
        return
    with pytest.raises(UsageError, match="to allow it, add it to DUOLOGUE_ALLOWED_CODE"):
        import_function(f"python:my_bots.shop:{path}", "it", "a function")


def test_the_bundled_pair_is_always_allowed() -> None:
    for reference in (BUNDLED_CHATBOT, BUNDLED_SIMULATED_USER):
        assert allowed_by("").allows(reference.removeprefix("local:"))
    assert not allowed_by("").allows("workflows.mine")


@pytest.mark.parametrize(
    ("variable", "named"),
    [
        ("", ()),
        (" , ", ()),
        ("a.b", ("a.b",)),
        (" my_company.bots , my_rules,", ("my_company.bots", "my_rules")),
        ("*", ("*",)),
    ],
)
def test_the_variable_names_modules(variable: str, named: tuple[str, ...]) -> None:
    assert allowed_by(variable) == AllowedCode((*BUNDLED, *named))


@pytest.mark.parametrize("entry", ["my bots", "bots.*", "bots/mine.py", "python:bots:reply", "."])
def test_what_is_no_module_is_refused(entry: str) -> None:
    with pytest.raises(UsageError, match=r"^DUOLOGUE_ALLOWED_CODE: .* is not a module name"):
        allowed_by(f"bots,{entry}")


def test_a_star_allows_everything() -> None:
    assert allowed_by("*").allows("os")


async def test_a_rerun_imports_no_rule_that_the_dataset_names(
    vellum: StandIn, prefect_server: str, seeds_csv: Path
) -> None:
    """A dataset's files may come from anywhere."""
    state: State[object] = await generated(seeds_csv, advanced={"rules": {"own_rules": [OWN_RULE]}})
    assert state.is_completed(), "a run that is no deployment's is not restricted"
    dataset = output_of(seeds_csv) / "seeds"
    assert (dataset / LATEST_FILE).exists()
    token = allowed_code.set(allowed_by(""))
    try:
        with pytest.raises(UsageError, match=r"^own rule .* runs only the code"):
            plan_rerun(output=str(output_of(seeds_csv)))
    finally:
        allowed_code.reset(token)
