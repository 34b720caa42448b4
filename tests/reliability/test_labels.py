"""Labels that people have, in the files that they have them in."""

import json
from pathlib import Path

import pytest

from duologue.errors import UsageError
from duologue.reliability.labels import labelled, read_labels
from duologue.reliability.measuring import ANY_INVALID, ANY_WARNING, measure
from duologue.reliability.reviewed import Opinion, Reported, Reviewed, Signal, Source, reported
from duologue.settings.rules import Severity
from duologue.validation.rule import Violation

ECHO = Signal(Source.RULE, "echo", Severity.INVALID)
TAIL = Signal(Source.RULE, "tail", Severity.WARNING)


def written(folder: Path, text: str, name: str = "labels.jsonl") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    "text",
    [
        '{"id": "a", "broken": true, "kinds": ["echo", "loop"], "message_indices": [2, 3]}\n\n'
        '{"id": "b", "broken": false, "note": "fine"}\n',
        '[{"id": "a", "label": "broken", "kinds": "echo; loop", "message_index": 2},'
        '{"conversation_id": "b", "label": "sound"}]',
        "id,broken,kinds,message_index\na,yes,echo|loop,2\nb,no,,\n",
        'id;label;kinds;message_index\na;INVALID;"echo,loop";2\nb;Valid;;\n',
        "id\tbroken\tkinds\tmessage_index\na\t1\techo,loop\t2\nb\t0\n",
    ],
)
def test_labels_are_read_in_each_form(tmp_path: Path, text: str) -> None:
    a, b = read_labels(written(tmp_path, text))
    assert (a.id, a.opinion, a.weight) == ("a", Opinion("labels", True, ("echo", "loop"), 2), 1)
    assert (b.id, b.opinion, b.weight) == ("b", Opinion("labels", False), 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "holds no label"),
        ('{"broken": true}', r":1: has no `id`; expected JSONL or CSV"),
        ('{"id": "a"}', r":1: `broken` or `label` is None; expected one of broken, "),
        ('{"id": "a", "label": "meh"}', r":1: `broken` or `label` is 'meh'; expected one of"),
        ('{"id": "a", "broken": true}\n{oops', r":2: is not JSON"),
        ('[{"id": "a", "broken": true}, 3]', r"element 1: is not an object"),
        ('{"id": "a", "broken": 1}\n{"id": "a", "broken": 0}', r":2: labels has labelled 'a'"),
        ('{"id": "a", "broken": 1, "weight": -1}', r":1: weight -1: expected a positive number"),
        ('{"id": "a", "broken": 1, "message_index": "x"}', r":1: message 'x': expected the index"),
    ],
)
def test_what_is_no_label_is_named_with_its_place(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=rf"labels\.jsonl.*{reason}"):
        read_labels(written(tmp_path, text))


def test_a_label_of_no_conversation_is_refused(tmp_path: Path) -> None:
    labels = read_labels(written(tmp_path, "id,broken\na,1\nx,1\ny,1\n", "labels.csv"))
    with pytest.raises(UsageError, match=r"'x': no conversation of talks\.jsonl .*2 labels like"):
        labelled(labels, {"a": Reported(frozenset(), frozenset())}, "talks.jsonl")


def test_figures_are_those_of_a_hand_calculation(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "broken": True, "kinds": ["echo"], "weight": 2},
        {"id": "b", "broken": False, "weight": 2},
        {"id": "c", "broken": True, "kinds": ["loop", "echo"], "weight": 10},
        {"id": "d", "broken": False, "weight": 10},
        {"id": "e", "broken": True, "kinds": ["loop"], "weight": 10, "reviewer": "Anna"},
        {"id": "e", "broken": False, "weight": 10, "reviewer": "Ben"},
    ]
    labels = read_labels(written(tmp_path, "\n".join(map(json.dumps, rows))))
    found = {"a": {ECHO}, "b": {ECHO, TAIL}, "c": {TAIL}, "e": {TAIL}}
    by_id = {id: Reported(frozenset(found.get(id, ())), frozenset()) for id in "abcdefg"}
    measured = measure(labelled(labels, by_id, "talks.jsonl"))
    assert (measured.reviewed, measured.reviewers) == (5, {"Anna": 1, "Ben": 1, "labels": 4})
    strata = [(s.stratum, s.conversations, s.reviewed) for s in measured.strata]
    assert strata == [("weight 10", 30, 3), ("weight 2", 4, 2)]
    # Broken: a 2, c 10, half of e 5 = 17 of 34.
    assert measured.broken is not None
    assert measured.broken.estimate == pytest.approx(17 / 34, abs=1e-12)
    figures = {
        row.name: [row.found, row.precision.estimate, row.recall.estimate]
        for row in measured.signals
        if row.precision is not None and row.recall is not None
    }
    expected = {
        ANY_INVALID: [2, 2 / 4, 2 / 17],
        ANY_WARNING: [4, 17 / 24, 1],
        "echo": [2, 2 / 4, 2 / 17],
        "tail": [3, 15 / 22, 15 / 17],
    }
    assert figures.keys() == expected.keys()
    for name, of_name in expected.items():
        assert figures[name] == pytest.approx(of_name, abs=1e-12)
    kinds = {row.kind: row.recall.estimate for row in measured.kinds if row.recall is not None}
    assert kinds == pytest.approx({"echo": 2 / 12, "loop": 0}, abs=1e-12)


def test_a_criterion_is_measured_on_what_its_judge_read() -> None:
    def judged(id: str, broken: bool, passed: bool | None) -> Reviewed:
        verdicts = [{"criterion": "user_in_role", "passed": passed, "severity": "invalid"}]
        found = reported([], verdicts)
        return Reviewed(id, "rest", 1, (Opinion("Anna", broken),), found.signals, found.judged)

    conversations = [
        judged("a", True, False),
        judged("b", True, True),
        judged("c", False, False),
        judged("d", True, None),
        judged("e", False, True),
    ]
    row = measure(conversations).signals[-1]
    assert (row.source, row.name, row.severity, row.found) == (
        "judge",
        "user_in_role",
        "invalid",
        2,
    )
    assert row.precision is not None
    assert row.recall is not None
    assert row.precision.estimate == pytest.approx(1 / 2, abs=1e-12)
    assert row.recall.estimate == pytest.approx(1 / 2, abs=1e-12), "nobody judged d"
    together = measure(conversations).signals[0]
    assert together.found == 2, "a failed criterion of severity invalid is an invalid finding"


def test_a_failed_criterion_is_reported_once() -> None:
    verdicts = [{"criterion": "user_in_role", "passed": False, "severity": "invalid"}]
    violations = [
        Violation("judge:user_in_role", Severity.INVALID, 2, "it answers"),
        Violation("echo", Severity.INVALID, 2, "the same words"),
    ]
    found = reported(violations, verdicts)
    assert found.signals == {Signal(Source.JUDGE, "user_in_role", Severity.INVALID), ECHO}
    assert found.judged == {"user_in_role"}
