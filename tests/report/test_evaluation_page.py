"""The report of an evaluation as a file: what is in it, in which order, and how large it gets."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from duologue.conversation.messages import Message, Role
from duologue.evaluation.manifest import EvaluationManifest
from duologue.evaluation.replies import FailedReply, ScoredReply, Side, Verdict
from duologue.report.evaluation_page import EVALUATION_REPORT_FILE, write_evaluation_report
from tests.evaluation.making import evaluation_manifest, prefix, same, scored
from tests.report.test_page import text_of


def evaluation_report(
    folder: Path, replies: Sequence[ScoredReply], manifest: EvaluationManifest | None = None
) -> Path:
    path = folder / EVALUATION_REPORT_FILE
    with path.open("wb", buffering=0) as file:
        write_evaluation_report(manifest or evaluation_manifest(replies), replies, file)
    return path


def ids_in(page: str) -> list[str]:
    return re.findall(r'<article class="comparison" id="([^"]*)"', page)


def changed(seed_id: str, similarity: float | None, verdict: Verdict) -> ScoredReply:
    reply = FailedReply("TransientError", "HTTP 503") if verdict is Verdict.FAILED else "Who knows?"
    reference = None if verdict is Verdict.WITHOUT_REFERENCE else "It is."
    to = prefix("Is it?", reference=reference, seed_id=seed_id)
    return scored(to, reply, verdict, similarity)


def test_a_page_needs_nothing_but_itself_and_runs_nothing(tmp_path: Path) -> None:
    page = evaluation_report(tmp_path, same(2)).read_text()
    assert "<script" not in page
    assert "script-src &#39;none&#39;" in page
    assert re.findall(r'<link[^>]* href="([^:]*):', page) == ["data"], (
        "the icon, in the page itself"
    )
    assert not re.findall(r"""(?:(?<!-)src|srcset|action|@import|url\()\s*=?\s*["']?\w""", page)
    links = set(re.findall(r'<a[^>]* href="([^"#][^"]*)"', page))
    assert links == {"evaluation.parquet"}, "only to files next to it"


def test_of_two_hundred_the_few_that_changed_come_first(tmp_path: Path) -> None:
    replies = same(200)
    for place, similarity in {150: 0.7, 20: 0.9, 90: 0.8, 199: 0.6}.items():
        replies[place] = changed(f"c{similarity}", similarity, Verdict.CHANGED)
    replies[120] = changed("r.4", 0.4, Verdict.REGRESSED)
    replies[60] = changed("r.1", 0.1, Verdict.REGRESSED)
    replies[30] = changed("r", None, Verdict.REGRESSED)
    replies[140] = changed("f2", None, Verdict.FAILED)
    replies[180] = changed("f1", None, Verdict.FAILED)
    replies[10] = changed("end", None, Verdict.WITHOUT_REFERENCE)
    ids = ids_in(evaluation_report(tmp_path, replies).read_text())
    assert len(ids) == 200
    assert ids[:3] == ["f2-1-t1", "f1-1-t1", "r.1-1-t1"]
    assert ids[3:5] == ["r.4-1-t1", "r-1-t1"], "what has no similarity comes last"
    assert ids[5:9] == [f"c{similarity}-1-t1" for similarity in (0.6, 0.7, 0.8, 0.9)]
    assert ids[9:12] == ["end-1-t1", "same0-1-t1", "same1-1-t1"], "else they keep their order"


def test_the_order_is_the_candidates_whatever_the_baseline_did(tmp_path: Path) -> None:
    candidates = [changed("a", 0.9, Verdict.CHANGED), changed("b", 0.2, Verdict.REGRESSED)]
    baselines = [
        scored(reply.prefix, "It is not.", verdict, 0.1, Side.BASELINE)
        for reply, verdict in zip(candidates, (Verdict.REGRESSED, Verdict.SAME), strict=True)
    ]
    page = evaluation_report(tmp_path, [*baselines, *candidates]).read_text()
    assert ids_in(page) == ["b-1-t1", "a-1-t1"]
    headings = re.findall(r"<h5>(Reference|Candidate|Baseline)", page)
    assert headings == ["Reference", "Candidate", "Baseline"] * 2


@pytest.mark.processes
@pytest.mark.parametrize("count", [500, 501, 40_000])
def test_of_very_many_the_worst_are_shown_and_the_rest_is_reported(
    tmp_path: Path, count: int
) -> None:
    worst = changed("worst", 0.1, Verdict.REGRESSED)
    replies = [*same(count - 1), worst]
    path = evaluation_report(tmp_path, replies)
    assert path.stat().st_size < 1_500_000
    page = path.read_text()
    assert ids_in(page)[0] == "worst-1-t1"
    assert len(ids_in(page)) == 500
    words = text_of(page)
    assert (f"This page shows 500 of {count:,} replies" in words) == (count > 500)
    assert (f"Same: {count - 1:,}, of which 499 shown" in words) == (count > 500)


@pytest.mark.parametrize("text", ["word " * 4_000, "'<>" * 7_000])
def test_huge_messages_do_not_make_a_huge_page(tmp_path: Path, text: str) -> None:
    history = [text] * 99
    replies = [
        scored(prefix(*history, reference=text, seed_id=f"s{n}"), text, Verdict.CHANGED, 0.9)
        for n in range(12)
    ]
    path = evaluation_report(tmp_path, replies)
    assert path.stat().st_size < 10_000_000
    words = text_of(path.read_text())
    shown = len(ids_in(path.read_text()))
    assert 1 <= shown < 12
    assert f"This page shows {shown} of 12 replies" in words
    assert "The conversation so far: 98 messages The latest 50 of them." in words
    assert ("Cut here; the message has 21,000 characters." in words) == (len(text) > 20_000)


def test_a_message_is_cut_where_the_report_of_a_version_cuts_it(tmp_path: Path) -> None:
    text = "x" * 1_000_000
    reply = scored(prefix(text, reference=text), text, Verdict.SAME, 1.0)
    page = evaluation_report(tmp_path, [reply]).read_text()
    assert [len(run) for run in re.findall("x{99,}", page)] == [20_000] * 3
    assert text_of(page).count("Cut here; the message has 1,000,000 characters.") == 3


def test_every_turn_of_a_conversation_is_shown(tmp_path: Path) -> None:
    replies = [
        scored(prefix(*["Is it?"] * messages), "It is.", Verdict.SAME, 1.0)
        for messages in (1, 3, 5)
    ]
    page = evaluation_report(tmp_path, replies).read_text()
    assert ids_in(page) == ["s1-1-t1", "s1-1-t2", "s1-1-t3"]


def test_what_does_not_fit_leaves_its_heading_with_its_count(tmp_path: Path) -> None:
    text = "word " * 4_000
    big = [
        scored(prefix(*[text] * 99, seed_id=f"s{n}"), text, Verdict.REGRESSED, 0.1)
        for n in range(12)
    ]
    words = text_of(evaluation_report(tmp_path, [*big, *same(3)]).read_text())
    assert "Same: 3, of which none shown" in words


def test_an_evaluation_of_nothing_has_a_page(tmp_path: Path) -> None:
    words = text_of(evaluation_report(tmp_path, []).read_text())
    assert "0 prefixes" in words


def test_half_a_surrogate_pair_in_a_reason_is_reported_as_its_escape(tmp_path: Path) -> None:
    reply = FailedReply("ReplyError", "it said \ud83d")
    path = evaluation_report(tmp_path, [scored(prefix("Hi?"), reply, Verdict.FAILED)])
    assert r"it said \ud83d" in path.read_text(encoding="utf-8")


def test_a_reply_without_any_text_is_reported(tmp_path: Path) -> None:
    to = prefix("Hi?", reference="Hello.")
    page = evaluation_report(tmp_path, [scored(to, "", Verdict.REGRESSED, 0.0)]).read_text()
    assert "An empty message." in text_of(page)


def test_a_latency_that_is_not_known_is_not_made_up(tmp_path: Path) -> None:
    reply = scored(prefix("Hi?", reference=None), "Hello.", Verdict.WITHOUT_REFERENCE)
    object.__setattr__(reply, "reply", Message(role=Role.ASSISTANT, text="Hello."))
    page = evaluation_report(tmp_path, [reply]).read_text()
    assert not re.findall(r"\d ms", text_of(page))
