"""The columns of a seed that have a meaning, and how rows with bad ones are rejected."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.conversation.messages import Message, Role
from duologue.seeds import Scenario, Seed, read_seeds
from duologue.seeds.scenario import fault_of_scenario, scenario_of

HISTORY = (
    Message(role=Role.USER, text="Hello"),
    Message(role=Role.ASSISTANT, text="Hi, how can I help?"),
)


def read(tmp_path: Path, text: str, name: str = "seeds.csv") -> tuple[list[Seed], list[str]]:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    seed_file = read_seeds(str(file))
    return [*seed_file.seeds], [f"{row.line}: {row.reason}" for row in seed_file.rejected]


def test_a_row_becomes_one_scenario(tmp_path: Path) -> None:
    opening = json.dumps([{"role": "user", "content": "Hello"}, {"role": "bot", "text": "Hi!"}])
    row = {
        "message": "Where is it?",
        "Persona": "in a hurry",
        "goal": "find the parcel",
        "facts": {"order": "007", "price": 1.10, "items": [1, 2], "none": None},
        "fact.Postcode": "LS1 4AB",
        "expected-outcome": "knows the day",
        "language": "English",
        "max_turns": 5,
        "opening": opening,
        "plan": "premium",
    }
    (seed,), rejected = read(tmp_path, json.dumps(row).replace("1.1", "1.10"), "seeds.jsonl")
    assert rejected == []
    assert seed.scenario == Scenario(
        persona="in a hurry",
        goal="find the parcel",
        expected_outcome="knows the day",
        language="English",
        facts={"order": "007", "price": "1.10", "items": "[1,2]", "Postcode": "LS1 4AB"},
        max_turns=5,
        opening=(
            Message(role=Role.USER, text="Hello"),
            Message(role=Role.ASSISTANT, text="Hi!"),
        ),
    )
    assert seed.context["plan"] == "premium"
    assert json.loads(seed.scenario.texts["facts"])["order"] == "007"


def test_columns_stay_text_and_empty_ones_say_nothing(tmp_path: Path) -> None:
    (seed, other), rejected = read(
        tmp_path,
        "message,persona,fact.order,max_turns,facts,opening\nHi,007,007,,,\nHo, ,, ,  ,[]\n",
    )
    assert rejected == []
    assert seed.scenario == Scenario(persona="007", facts={"order": "007"})
    assert seed.context["persona"] == "007"
    assert other.scenario == Scenario()


def test_parquet_has_lists_and_numbers_with_gaps(tmp_path: Path) -> None:
    import pandas as pd

    history = [{"role": "USER", "text": "a"}, {"role": "ASSISTANT", "text": "b"}]
    frame = pd.DataFrame(
        {"message": ["x", "y"], "max_turns": [5, None], "opening": [history, None]}
    )
    frame.to_parquet(tmp_path / "seeds.parquet")
    first, second = read_seeds(str(tmp_path / "seeds.parquet")).seeds
    assert first.scenario.max_turns == 5
    assert [message.text for message in first.scenario.opening] == ["a", "b"]
    assert second.scenario == Scenario()


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("facts", "order 5512", "facts is not JSON; expected a JSON object, as in {"),
        ("facts", "[1]", "facts is a list; expected a JSON object"),
        ("facts", "5", "facts is a number; expected a JSON object"),
        ("facts", '"x"', "facts is a text; expected a JSON object"),
        ("facts", "null", "facts is null; expected a JSON object"),
        ("facts", '{"a": 1, "a": 2}', "facts is not JSON"),
        ("facts", '{"a": NaN}', "facts is not JSON"),
        ("facts", '{"a": "\\u0000"}', "facts holds a NUL character"),
        ("facts", '{"a": "\\ud800"}', "facts holds half of a surrogate pair (U+D800)"),
        ("facts", "[" * 100_000, "facts is not JSON"),
        ("max_turns", "0", "max_turns is '0'; expected a whole number from 1 to 1,000"),
        ("max_turns", "-1", "max_turns is '-1'"),
        ("max_turns", "2.5", "max_turns is '2.5'"),
        ("max_turns", "1001", "max_turns is '1001'"),
        ("max_turns", "my secret", "max_turns is no number; expected a whole number"),
        ("max_turns", "9" * 30, "max_turns is no number"),
        ("opening", "Hello", "opening is not JSON; expected a JSON list of messages"),
        ("opening", '{"role": "USER"}', "opening is an object; expected a JSON list"),
        ("opening", '["Hi"]', "message 1 of opening is a text; expected"),
        ("opening", '[{"text": "Hi"}]', "message 1 of opening has no role"),
        ("opening", '[{"role": "system", "text": "Hi"}]', "message 1 of opening has no role"),
        ("opening", '[{"role": "USER", "text": " "}]', "message 1 of opening has no text"),
        ("opening", '[{"role": "ASSISTANT", "text": 5}]', "message 1 of opening has no text"),
        (
            "opening",
            '[{"role": "USER", "text": "Hi"}]',
            "opening ends with a user message",
        ),
        ("opening", '[{"role": "BOT", "text": "a\\u0000"}]', "opening holds a NUL character"),
    ],
)
def test_a_bad_value_rejects_its_row_with_its_line_and_a_remedy(
    tmp_path: Path, column: str, cell: str, reason: str
) -> None:
    quoted = '"' + cell.replace('"', '""') + '"'
    seeds, (rejected,) = read(tmp_path, f"message,{column}\nfirst,\nbad,{quoted}\nlast,\n")
    assert [seed.message for seed in seeds] == ["first", "last"]
    assert rejected.startswith(f"3: {reason}")
    assert ";" in rejected
    assert "secret" not in rejected


def test_two_columns_that_say_different_things_are_refused(tmp_path: Path) -> None:
    _, rejected = read(tmp_path, "message,persona,Persona\nHi,a,b\nHo,a,a\n")
    assert rejected == ["2: two columns are its persona and differ; take one of them out"]
    _, rejected = read(tmp_path, 'message,facts,fact.a\nHi,"{""a"": 1}",2\nHo,"{""a"": 1}",1\n')
    assert rejected == ["2: two facts have the same name and differ; take one of them out"]


def test_columns_of_older_versions_that_cannot_be_read_count_as_empty() -> None:
    scenario = scenario_of({"facts": "order 5512", "goal": "find it", "max_turns": "many"})
    assert scenario == Scenario(goal="find it")


def test_seeds_that_differ_only_in_their_persona_have_different_ids(tmp_path: Path) -> None:
    seeds, _ = read(tmp_path, "message,persona\nHi,a\nHi,b\n")
    assert len({seed.seed_id for seed in seeds}) == 2


texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
).filter(lambda text: bool(text.strip()) and any(c.isalnum() for c in text))


@given(st.dictionaries(texts, texts), st.sampled_from(["column", "columns"]))
def test_facts_are_read_as_they_are_written(facts: dict[str, str], how: str) -> None:
    names = {name.strip() for name in facts}
    if how == "columns" and len(names) < len(facts):
        return
    if how == "column":
        context = {"facts": json.dumps(facts)}
        expected = facts
    else:
        context = {f"fact.{name}": value for name, value in facts.items()}
        expected = {name.strip(): value for name, value in facts.items()}
    assert fault_of_scenario(context) is None
    assert scenario_of(context).facts == expected


@given(st.lists(st.tuples(st.sampled_from(Role), texts), max_size=6), st.sampled_from(["v", "o"]))
def test_a_history_is_read_in_both_formats(said: list[tuple[Role, str]], form: str) -> None:
    said = [*said, (Role.ASSISTANT, "last")]
    vellum = [{"role": role.value, "text": text} for role, text in said]
    openai = [{"role": role.value.lower(), "content": text} for role, text in said]
    context = {"opening": json.dumps(vellum if form == "v" else openai)}
    assert fault_of_scenario(context) is None
    assert [(m.role, m.text) for m in scenario_of(context).opening] == said


@given(st.dictionaries(st.sampled_from(["facts", "opening", "max_turns", "persona"]), st.text()))
def test_whatever_stands_in_the_columns_reading_raises_nothing(context: dict[str, str]) -> None:
    fault, scenario = fault_of_scenario(context), scenario_of(context)
    assert fault is None or fault.endswith(("out", "it", "own", "}]", "fact.order", "ASSISTANT"))
    assert scenario.max_turns is None or 1 <= scenario.max_turns <= 1000
