"""The settings of the rules, from the flow, the command line and a file."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from duologue.errors import UsageError
from duologue.plans.generation import plan_generation
from tests.support.commands import duologue
from tests.support.generating import (
    ANYTHING_PASSES,
    QUICK,
    folder,
    generated,
    latest,
    manifest_of,
    rerun,
)
from tests.support.vellum_stand_in import ChatHistory, StandIn, user_reply

OWN = "python:tests.validation.own_rules:no_prices"


def polite(seed_id: str, chat_history: ChatHistory) -> str:
    return f"Please go on, that is $5: {user_reply(seed_id, chat_history)}"


def advanced(**rules: Any) -> dict[str, Any]:
    return {**QUICK, "gates": ANYTHING_PASSES, "rules": rules}


@pytest.mark.usefixtures("prefect_server")
async def test_a_run_judges_by_its_settings_and_counts_information_apart(
    seeds_csv: Path, vellum: StandIn
) -> None:
    vellum.deployments["simulated-user"].reply = polite
    manifest = await manifest_of(await generated(seeds_csv, turns=2, advanced=advanced()))
    assert manifest.counts.invalid == 0
    assert manifest.information == {"polite_user": manifest.counts.valid}
    assert "polite_user" not in manifest.broken_rules
    assert "| `polite_user` |" in (folder(seeds_csv, manifest) / "README.md").read_text()

    settings = advanced(own_rules=[OWN], severities={"polite_user": "off", "no_prices": "invalid"})
    manifest = await manifest_of(await generated(seeds_csv, turns=2, advanced=settings))
    assert manifest.counts.valid == 0
    assert manifest.broken_rules == {"no_prices": manifest.counts.invalid}
    assert manifest.information == {}
    assert manifest.settings.rules.own_rules == (OWN,)


@pytest.mark.usefixtures("prefect_server")
async def test_a_rerun_judges_as_its_run_did(seeds_csv: Path, vellum: StandIn) -> None:
    vellum.deployments["simulated-user"].reply = polite
    settings = advanced(own_rules=[OWN], severities={"no_prices": "invalid"})
    first = await manifest_of(await generated(seeds_csv, turns=2, advanced=settings))
    again = await manifest_of(await rerun(seeds_csv, version=first.version))
    assert again.broken_rules == {"no_prices": first.counts.invalid}
    vellum.deployments["simulated-user"].reply = user_reply
    mended = await manifest_of(await rerun(seeds_csv, version=first.version))
    assert (mended.counts.invalid, mended.broken_rules) == (0, {})
    assert latest(seeds_csv)["revision"] == mended.revision


def test_a_wrong_setting_is_reported_before_anything_runs() -> None:
    with pytest.raises(UsageError, match="rule 'lop': there is no such rule"):
        plan_generation(seeds="seeds.csv", advanced={"rules": {"severities": {"lop": "off"}}})
    with pytest.raises(UsageError, match=r"rules.severities.loop is 'loud'"):
        plan_generation(seeds="seeds.csv", advanced={"rules": {"severities": {"loop": "loud"}}})


Check = Callable[..., subprocess.CompletedProcess[str]]

OWN_RULE = """
from duologue.validation.rule import Finding

def no_prices(messages, expected):
    texts = [message.text for message in messages]
    return [Finding(i, "names a price") for i, text in enumerate(texts) if "$" in text]
"""


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """`duologue check`, in a folder with a conversation that breaks `code_fence`."""
    texts = ("It is $5?", "Yes.", "```\nshoes\n```")
    roles = ("user", "assistant", "user")
    messages = [{"role": r, "content": t} for r, t in zip(roles, texts, strict=True)]
    (tmp_path / "t.json").write_text(json.dumps({"messages": messages}))
    (tmp_path / "my_rules.py").write_text(OWN_RULE)

    def check(*arguments: str) -> subprocess.CompletedProcess[str]:
        return duologue("check", "t.json", *arguments, cwd=tmp_path)

    return check


def severities(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    assert done.returncode < 2, done.stderr
    return {v["rule"]: v["severity"] for v in json.loads(done.stdout)["violations"]}


OWN_RULES = 'rules.own_rules=["python:my_rules:no_prices"]'


def test_set_chooses_severities_and_own_rules(check: Check) -> None:
    as_json = ("--format", "json")
    assert severities(check(*as_json)) == {"code_fence": "warning"}
    done = check(*as_json, "--set", "rules.severities.code_fence=invalid", "--set", OWN_RULES)
    assert severities(done) == {"code_fence": "invalid", "no_prices": "warning"}
    assert done.returncode == 1
    assert severities(check(*as_json, "--set", "rules.severities.code_fence=off")) == {}


@pytest.mark.parametrize(
    ("name", "table", "note"),
    [
        ("duologue.toml", "rules", "duologue.toml"),
        ("pyproject.toml", "tool.duologue.rules", "pyproject.toml [tool.duologue]"),
    ],
)
def test_a_file_in_the_working_directory_does_the_same_and_is_named(
    check: Check, tmp_path: Path, name: str, table: str, note: str
) -> None:
    (tmp_path / name).write_text(
        f'[{table}]\nown_rules = ["python:my_rules:no_prices"]\n'
        f'[{table}.severities]\ncode_fence = "invalid"\nno_prices = "info"\n'
    )
    done = check("--format", "json")
    assert severities(done) == {"code_fence": "invalid", "no_prices": "info"}
    assert done.stderr == f"Settings: {note}\n"
    done = check("--format", "json", "--set", "rules.severities.code_fence=off")
    assert severities(done) == {"no_prices": "info"}, "--set wins"


def test_duologue_toml_comes_first_and_a_file_that_is_named_before_both(
    check: Check, tmp_path: Path
) -> None:
    (tmp_path / "duologue.toml").write_text('[rules.severities]\ncode_fence = "info"')
    (tmp_path / "x.toml").write_text('[rules.severities]\ncode_fence = "invalid"')
    (tmp_path / "pyproject.toml").write_text('[tool.duologue.rules.severities]\ncode_fence = "off"')
    first = check("--format", "json")
    assert severities(first) == {"code_fence": "info"}
    assert first.stderr == (
        "Settings: duologue.toml ([tool.duologue] in pyproject.toml is ignored)\n"
    )
    named = check("--format", "json", "--config", "x.toml")
    assert severities(named) == {"code_fence": "invalid"}
    assert named.stderr == "Settings: x.toml\n"
    (tmp_path / "duologue.toml").unlink()
    assert severities(check("--format", "json")) == {}


def test_information_is_counted_below_the_table_and_no_warning(check: Check) -> None:
    done = check("--set", "rules.severities.code_fence=info")
    assert done.stdout == (
        "1 conversation: 1 valid (0 with warnings), 0 invalid\nFor information: code_fence 1\n"
    )
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--set", "rules.severities.code_fence"), "expected NAME=VALUE"),
        (("--set", "rules.severities.code_fence=loud"), "severities.code_fence is 'loud'"),
        (("--set", "rules.severities.code_fence=warn"), "did you mean 'warning'?"),
        (("--set", "rules.severities.fence=off"), "rule 'fence': there is no such rule"),
        (("--set", "turns=3"), "there is no setting 'turns'"),
        (("--set", "many_words=3"), "did you mean 'rules.many_words'?"),
        (("--set", "rules.many_word=3"), "did you mean 'rules.many_words'?"),
        (
            ("--set", 'rules.own_rules=["python:my_rules:absent"]'),
            "my_rules has no function 'absent'",
        ),
        (("--config", "absent.toml"), "absent.toml: cannot be read"),
        (("--config", "t.json"), "t.json: is not TOML"),
        (("--config", "empty/pyproject.toml"), "has no table [tool.duologue]"),
        (("--config", "wrong.toml"), "wrong.toml: rules.many_words is 0; expected 1 or more"),
        (("--config", "text.toml"), "text.toml: rules is 'off'; expected a table"),
        (("--config", "tool.toml"), "tool.toml: has a table [tool]"),
        (("--config", "typo.toml"), "there is no setting 'rule'; did you mean 'rules'?"),
    ],
)
def test_what_cannot_be_used_is_reported_in_a_sentence(
    check: Check, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "pyproject.toml").write_text("[tool]\n")
    (tmp_path / "wrong.toml").write_text("[rules]\nmany_words = 0\n")
    (tmp_path / "text.toml").write_text('rules = "off"\n')
    (tmp_path / "tool.toml").write_text("[tool.duologue.rules]\nmany_words = 7\n")
    (tmp_path / "typo.toml").write_text("[rule]\nmany_words = 7\n")
    done = check(*arguments)
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert told in done.stderr
