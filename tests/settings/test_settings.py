"""Settings from flags, `--set`, a config file and their defaults."""

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from duologue.cli.flags import DECLARED
from duologue.errors import UsageError
from duologue.plans.generation import plan_generation
from duologue.settings.config_file import FileSettings, all_settings, for_evaluate, read_config
from duologue.settings.declarations import settings_of
from duologue.settings.evaluation import (
    EvaluateSettings,
    EvaluationForm,
    EvaluationOptions,
    StoredEvaluationOptions,
)
from duologue.settings.options import Options, validated
from duologue.settings.run import (
    AdvancedOptions,
    CommonOptions,
    GenerationForm,
    GenerationSettings,
    RunSettings,
    StoredOptions,
)
from duologue.settings.sources import DEFAULT, Effective, Layer, assigned, effective, flagged
from tests.support.commands import duologue


def set_to(*assignments: str, **flags: str) -> Effective[GenerationSettings]:
    model = GenerationSettings
    return effective(model, [assigned(model, assignments), flagged(model, flags)])


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("gates.max_failed_share=0.2", 0.2),
        ("gates.max_failed_share=1", 1.0),
        ("gates.max_failed_share=1e-2", 0.01),
        ("turns=7", 7),
        ("record_usage=true", True),
        ("has_header=false", False),
        ("has_header=null", None),
        ("name=2026", "2026"),
        ("name=true", "true"),
        ("name=null", "null"),
        ("name=2026-11-30", "2026-11-30"),
        ("name=a=b", "a=b"),
        ('name="quoted"', "quoted"),
        ("greeting=null", None),
        ("greeting=Hi, how can I help?", "Hi, how can I help?"),
        ("greeting=", None),
        ("greeting=[a", "[a"),
        ("greeting=[1, 2]", "[1, 2]"),
        ("ends_with=assistant", "assistant"),
        ('rules.canaries=["a", "b"]', ("a", "b")),
        ("rules.severities={loop = 'off'}", {"loop": "off"}),
        ('rules.severities={"loop": "off"}', {"loop": "off"}),
        ("rules.severities.loop=off", {"loop": "off"}),
        ("dataset_rules.severities.drift:turns=off", {"drift:turns": "off"}),
        ("chatbot_inputs.static_inputs.tone=warm", {"tone": "warm"}),
        ("chatbot_inputs.static_inputs.limit=3", {"limit": 3}),
        ('chatbot_inputs.static_inputs.limit="3"', {"limit": "3"}),
        ("chatbot_inputs.static_inputs.on=true", {"on": True}),
        ("chatbot_inputs.static_inputs.a.b=null", {"a.b": None}),
        ("chatbot_inputs.seed_inputs.plan=2", {"plan": "2"}),
        ("test_suite.suite=my-suite", "my-suite"),
        ("shards.count=4", 4),
        ("budget.max_calls=null", None),
    ],
)
def test_a_value_is_read_as_its_setting_expects(assignment: str, value: Any) -> None:
    found: Any = set_to(assignment).settings
    for part in assignment.partition("=")[0].split("."):
        if not isinstance(found, Options):
            break
        found = getattr(found, part)
    assert found == value
    assert type(found) is type(value) or isinstance(found, str)


@pytest.mark.parametrize(
    ("flag", "text"), [("name", "3"), ("greeting", "null"), ("greeting", '"text"')]
)
def test_a_flags_text_is_taken_as_it_is(flag: str, text: str) -> None:
    assert getattr(set_to(**{flag: text}).settings, flag) == text


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        ("turns", "--set 'turns': expected NAME=VALUE, as in gates.max_failed_share=0.2"),
        ("=3", "--set '=3': expected NAME=VALUE"),
        ("turns=0", "turns is 0; expected 1 or more"),
        ("turns=1001", "turns is 1001; expected 1000 or less"),
        ("turns=2.5", "turns is 2.5; expected a whole number"),
        ("turns=many", "turns is 'many'; expected a whole number"),
        ("turns=", "turns is ''; expected a whole number"),
        ("gates.max_failed_share=1.5", "gates.max_failed_share is 1.5; expected 1 or less"),
        ("gates.max_failed_share=nan", "gates.max_failed_share is nan; expected"),
        ("gates=1", "gates is 1; expected a table, such as { name = ... }"),
        ("max_failed_share=1", "no setting 'max_failed_share'; did you mean 'gates.max_failed_s"),
        ("gates.max_faild_share=1", "did you mean 'gates.max_failed_share'?"),
        ("max_concurency=1", "did you mean 'max_concurrency'?"),
        ("gate.max_failed_share=1", "did you mean 'gates.max_failed_share'?"),
        ("advanced.gates.max_failed_share=1", "did you mean 'gates.max_failed_share'?"),
        ("turns.most=1", "no setting 'turns.most'"),
        ("zzz=1", "no setting 'zzz'; `duologue config` lists all there are"),
        ("ends_with=users", "'user' or 'assistant'; did you mean 'user'?"),
        ("end_marker= ", "end_marker is ' '; expected text that is not blank"),
        ("has_header=maybe", "has_header is 'maybe'; expected true or false"),
        ("rules.canaries=a", "rules.canaries is 'a'; expected a list"),
        ('rules.canaries=["a", " "]', "rules.canaries.1 is ' '; expected text that is not blank"),
        ("rules.severities.loop=loud", "rules.severities.loop is 'loud'; expected 'off', 'info'"),
        ("dataset_rules.severities.drift=loud", "dataset_rules.severities.drift is 'loud'"),
        ("dataset_rules.severities.drft=off", "there is no dataset rule 'drft'"),
        ("shards.deployment=mine", "shards.deployment is 'mine'; expected"),
        ("call.timeout_seconds=0", "call.timeout_seconds is 0; expected more than 0"),
        ("call.timeout_seconds=inf", "call.timeout_seconds is inf; expected a finite number"),
        ("test_suite.per=prefix", "test_suite.suite is not set; set it, or leave all of test_suit"),
        ("test_suite.per=prefx", "did you mean 'prefix'?"),
    ],
)
def test_a_wrong_setting_is_reported_with_its_value_and_what_was_expected(
    assignment: str, told: str
) -> None:
    with pytest.raises(UsageError) as error:
        set_to(assignment, "test_suite.suite=x") if "prefx" in assignment else set_to(assignment)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_flag_wins_over_set_and_set_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "duologue.toml").write_text(
        'turns = 2\nname = "file"\nmax_concurrency = 4\n[rules.severities]\nloop = "off"\n'
        'farewell_tail = "off"\n'
    )
    config = read_config()
    assert config is not None
    sets = ("turns=5", "name=set", "rules.severities.loop=info")
    model = GenerationSettings
    layers = [config, assigned(model, sets), flagged(model, {"turns": "7"})]
    merged = effective(model, layers)
    found = merged.settings
    assert (found.turns, found.name, found.max_concurrency) == (7, "set", 4)
    assert found.rules.severities == {"loop": "info", "farewell_tail": "off"}
    assert found.output == "datasets"
    names = ("turns", "name", "max_concurrency", "output", "gates.max_failed_share")
    assert [merged.source(name) for name in names] == [
        *("flag", "--set", "duologue.toml", DEFAULT, DEFAULT)
    ]


def test_evaluate_has_a_table_of_its_own_and_the_datasets_place(tmp_path: Path) -> None:
    (tmp_path / "duologue.toml").write_text(
        'output = "made"\nname = "shop"\nmax_concurrency = 4\n[gates]\nmax_failed_share = 0.5\n'
        '[evaluate]\nname = "bank"\n[evaluate.gates]\nmax_failed_share = 0.2\n'
    )
    config = read_config()
    assert config is not None
    settings = effective(EvaluateSettings, [for_evaluate(config)]).settings
    assert (settings.output, settings.name, settings.max_concurrency) == ("made", "bank", 32)
    assert settings.gates.max_failed_share == 0.2
    shown = {one["name"]: (one["value"], one["source"]) for one in all_settings()}
    assert shown["evaluate.output"] == ("made", "duologue.toml")
    assert shown["evaluate.name"] == ("bank", "duologue.toml")
    assert shown["gates.max_failed_share"] == (0.5, "duologue.toml")
    assert shown["evaluate.max_concurrency"] == (32, DEFAULT)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("turn = 3", "duologue.toml: there is no setting 'turn'; did you mean 'turns'?"),
        ("turns = 0", "duologue.toml: turns is 0; expected 1 or more"),
        ("[gates]\nmax_failed_share = '?'", "gates.max_failed_share is '?'; expected a number"),
        ("[gates]\nmax_regressed_share = 0", "did you mean 'evaluate.gates.max_regressed_share'?"),
        ("[evaluate]\nturns = 3", "duologue.toml: there is no setting 'evaluate.turns'"),
        ("[evaluate.gates]\nmin_score = 3", "did you mean 'evaluate.gates.min_scores'?"),
        ("[evaluate.gates.min_scores]\nsame = 'x'", "evaluate.gates.min_scores.same is 'x'"),
        ("turns = ", "duologue.toml: is not TOML"),
        ("[test_suite]\nsuit = 'x'", "did you mean 'test_suite.suite'?"),
        ("tool = 3", "write settings at the top of this file"),
        ("[tool.duologue]\nturns = 3", "write settings at the top of this file"),
    ],
)
def test_a_wrong_file_is_reported_with_its_name_and_the_setting(
    tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "duologue.toml").write_text(text)
    with pytest.raises(UsageError) as error:
        read_config()
    assert told in str(error.value)


def test_what_a_file_leaves_out_may_come_from_set(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.duologue.test_suite]\nper = "prefix"\n')
    config = read_config()
    assert config is not None
    layers = [config, assigned(GenerationSettings, ["test_suite.suite=mine"])]
    suite = effective(GenerationSettings, layers).settings.test_suite
    assert suite is not None
    assert (suite.suite, suite.per) == ("mine", "prefix")
    with pytest.raises(UsageError, match=r"^pyproject.toml: test_suite.suite is not set"):
        effective(GenerationSettings, [config])


def test_a_project_without_the_table_has_no_settings(tmp_path: Path) -> None:
    assert read_config() is None
    for text in ("[tool.ruff]\nline-length = 100\n", "tool = 3\n", ""):
        (tmp_path / "pyproject.toml").write_text(text)
        assert read_config() is None


def test_settings_become_the_flows_parameters() -> None:
    settings = set_to("turns=2", "gates.min_conversations=5", "ends_with=assistant").settings
    parameters = settings.as_parameters(CommonOptions)
    assert parameters.keys() == GenerationForm.model_fields.keys()
    assert parameters["advanced"].keys() == AdvancedOptions.model_fields.keys()
    run = plan_generation(**parameters).settings
    assert (run.simulation.turns, run.simulation.ends_with) == (2, "assistant")
    assert run.gates.min_conversations == 5


def test_what_a_run_stores_is_declared_with_what_it_is_asked() -> None:
    """Neither form nor stored settings declare one again."""
    for shared, others in (
        (StoredOptions, (RunSettings, AdvancedOptions, GenerationSettings)),
        (StoredEvaluationOptions, (EvaluationOptions, EvaluateSettings)),
    ):
        for other in others:
            assert issubclass(other, shared)
            assert not shared.model_fields.keys() & other.__annotations__.keys()


def test_a_name_means_the_same_in_every_place() -> None:
    """In the form and prefect.yaml the settings that are not common stand in `advanced`."""
    for form, flat in ((GenerationForm, GenerationSettings), (EvaluationForm, EvaluateSettings)):
        names = [one.name.removeprefix("advanced.") for one in settings_of(form)]
        in_form = [
            replace(one, name=name) for one, name in zip(settings_of(form), names, strict=True)
        ]
        assert in_form == list(settings_of(flat))


Config = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    def config(*arguments: str) -> subprocess.CompletedProcess[str]:
        return duologue("config", *arguments, cwd=tmp_path)

    return config


def test_config_prints_every_setting_with_value_source_and_description(
    config: Config, tmp_path: Path
) -> None:
    (tmp_path / "duologue.toml").write_text("[gates]\nmax_failed_share = 0.5\n")
    done = config("--set", "evaluate.gates.max_failed_share=0.25", "--format", "json")
    assert done.returncode == 0, done.stderr
    shown = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["name"] for one in shown] == [one.name for one in settings_of(FileSettings)]
    by_name = {one["name"]: one for one in shown}
    assert by_name["gates.max_failed_share"] == {
        "name": "gates.max_failed_share",
        "type": "NUMBER",
        "default": 0.1,
        "value": 0.5,
        "source": "duologue.toml",
        "description": "The largest share of conversations that may fail, from 0 to 1.",
    }
    assert by_name["evaluate.gates.max_failed_share"]["value"] == 0.25
    assert by_name["evaluate.gates.max_failed_share"]["source"] == "--set"
    assert all(one["description"] for one in shown)
    text = config("--set", "evaluate.gates.max_failed_share=0.25").stdout
    assert "gates.max_failed_share = 0.5  (duologue.toml)\n    The largest share" in text
    assert "evaluate.gates.max_failed_share = 0.25  (--set)\n" in text
    assert "\nturns = 3  (default)\n    How many turns" in text


def test_a_config_file_saved_by_windows_is_read(config: Config, tmp_path: Path) -> None:
    (tmp_path / "duologue.toml").write_bytes(b"\xef\xbb\xbfturns = 7\r\n")
    assert "turns = 7  (duologue.toml)" in config().stdout


def test_a_config_file_that_is_none_is_not_passed_over(config: Config, tmp_path: Path) -> None:
    (tmp_path / "duologue.toml").symlink_to(tmp_path / "nowhere.toml")
    done = config()
    assert done.returncode == 2
    assert "duologue.toml: cannot be read (No such file or directory)" in done.stderr


def test_a_time_is_expected_in_words(config: Config) -> None:
    done = config("--set", "mine.since=5y")
    assert "since is '5y'; expected text of the form 12h, 7d or 4w" in done.stderr


def test_config_shows_no_credentials(config: Config, tmp_path: Path) -> None:
    (tmp_path / "duologue.toml").write_text(
        'seeds = "https://ann:p4ss@seeds.example.com/today.csv?token=s3cret"\n'
        'output = "https://ann:p4ss@store.example.com/made"\n'
    )
    for kind in ("text", "json"):
        shown = config("--format", kind).stdout
        assert "https://seeds.example.com/today.csv" in shown
        assert "https://store.example.com/made" in shown
        assert not re.search("ann:|p4ss|s3cret", shown)


def test_a_seed_file_names_the_dataset_for_evaluate_too(config: Config) -> None:
    of_file = Layer("duologue.toml", {"seeds": "data/My seeds.csv", "output": "made"})
    assert for_evaluate(of_file).values == {"name": "My-seeds", "output": "made"}
    named = Layer("duologue.toml", {"seeds": "data/My seeds.csv", "name": "shop"})
    assert for_evaluate(named).values == {"name": "shop"}
    assert 'evaluate.name = "My-seeds"' in config("--set", "seeds=data/My seeds.csv").stdout


def test_config_refuses_what_generate_and_evaluate_would(config: Config) -> None:
    done = config("--set", "evaluate.gates.max_failed_share=2")
    assert done.returncode == 2
    assert done.stderr == ("Error: evaluate.gates.max_failed_share is 2; expected 1 or less\n")


def test_a_layer_without_a_table_sets_nothing_in_it() -> None:
    assert Layer("x", {}).table("evaluate").values == {}


def test_help_shows_the_settings_as_they_are_declared(config: Config) -> None:
    """`duologue config --format json` writes the file that the help of flags comes from."""
    assert DECLARED.read_text(encoding="utf-8") == config("--format", "json").stdout


def test_the_page_lists_every_setting_as_it_is_declared(config: Config) -> None:
    """`duologue config --format markdown` writes its tables."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "settings.md").read_text()
    tables = config("--format", "markdown").stdout
    assert (
        page.partition("## At the top")[2].strip() == tables.partition("## At the top")[2].strip()
    )
    for setting in settings_of(FileSettings):
        assert f"| `{setting.name}` |" in page


@pytest.mark.parametrize("empty", ["", " ", "\u00a0", '""', None])
@pytest.mark.parametrize("name", ["seeds", "chatbot", "output", "name", "message_column", "resume"])
def test_what_a_form_leaves_empty_has_its_default(name: str, empty: str | None) -> None:
    settings = validated(GenerationSettings, {name: empty})
    assert getattr(settings, name) == getattr(GenerationSettings(), name)


@pytest.mark.parametrize("empty", ["", "  ", None])
def test_an_evaluation_without_a_version_is_of_the_latest(empty: str | None) -> None:
    assert validated(EvaluateSettings, {"version": empty}).version == "latest"


@pytest.mark.parametrize(
    "written",
    [" my seeds.csv ", '"my seeds.csv"', "'my seeds.csv'", ' " my seeds.csv " ', "“my seeds.csv”"],
)
def test_blanks_and_quotes_around_a_path_do_not_count(written: str) -> None:
    assert validated(GenerationSettings, {"seeds": written}).seeds == "my seeds.csv"
    assigned_layer = assigned(GenerationSettings, [f"seeds={written}"])
    assert effective(GenerationSettings, [assigned_layer]).settings.seeds == "my seeds.csv"


def test_a_quote_within_a_reference_and_a_blank_as_delimiter_stay() -> None:
    settings = validated(GenerationSettings, {"seeds": "it's.csv", "delimiter": " "})
    assert (settings.seeds, settings.delimiter) == ("it's.csv", " ")
    assert validated(GenerationSettings, {"delimiter": "", "greeting": ""}).delimiter is None


def test_an_empty_flag_takes_back_what_the_file_sets() -> None:
    file = Layer("duologue.toml", {"resume": "20261124T053516123Z-1a2b3c4d"})
    layers = [file, flagged(GenerationSettings, {"resume": ""})]
    assert effective(GenerationSettings, layers).settings.resume is None
