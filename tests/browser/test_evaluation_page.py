"""What a person sees of an evaluation's report: in a real browser, from disk, without a network."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from duologue.evaluation.manifest import Estimate, EvaluationManifest, SuiteRunRecord
from duologue.evaluation.replies import FailedReply, ScoredReply, Side, Verdict
from tests.browser.browsing import (
    HOSTILE,
    check_everyone_can_use,
    has_no_horizontal_scroll,
    looks,
)
from tests.evaluation.making import evaluation_manifest, prefix, same, scored
from tests.report.test_evaluation_page import evaluation_report

WIDTHS = (1280, 390)

LEFT_ON_MONDAY = "It left Vienna on Monday, and should arrive on Thursday."
SUITE = SuiteRunRecord(
    suite="shop-next-turns",
    run_id="run-1",
    url="https://app.vellum.ai/run-1",
    state="COMPLETE",
    cases=1234,
    metrics={"exact match score": 0.75},
)


def some_of_each() -> list[ScoredReply]:
    """A reply of the candidate with each verdict, and what the baseline replied."""
    parcel = prefix(
        "Where is my parcel?",
        "Which order is it?",
        "It is 1001.",
        reference=LEFT_ON_MONDAY,
        seed_id="parcel",
    )
    refund = prefix("A refund?", reference="Of course, within 30 days.", seed_id="refund")
    warranty = prefix("Warranty?", reference="One year.", seed_id="warranty")
    bye = prefix("Bye!", reference=None, seed_id="bye")
    candidates = [
        scored(bye, "Goodbye!", Verdict.WITHOUT_REFERENCE),
        scored(parcel, LEFT_ON_MONDAY.replace("Monday", "Friday"), Verdict.CHANGED, 0.91),
        scored(refund, "No.", Verdict.REGRESSED, 0.125, broken_rules=["refuses", "too_short"]),
        scored(warranty, FailedReply("TransientError", "HTTP 503, 4 attempts"), Verdict.FAILED),
        *same(3),
    ]
    return candidates + [
        scored(
            reply.prefix,
            "Bye." if reply.prefix.reference is None else reply.prefix.reference.text,
            Verdict.WITHOUT_REFERENCE if reply.prefix.reference is None else Verdict.SAME,
            None if reply.prefix.reference is None else 1.0,
            Side.BASELINE,
        )
        for reply in candidates
    ]


def everything(replies: list[ScoredReply]) -> EvaluationManifest:
    return evaluation_manifest(
        replies,
        failed_gates=["14.3% of the prefixes failed; at most 5.0% may"],
        test_suite=SUITE,
        differences={"similarity": Estimate(mean=-0.25, low=-0.4, high=-0.1, count=5)},
        failed_own_scorers={"tone": 3},
    )


# The whole of it


def test_the_verdict_comes_first(opened_page: Callable[..., Page], tmp_path: Path) -> None:
    replies = some_of_each()
    page = opened_page(evaluation_report(tmp_path, replies, everything(replies)))
    expect(page.locator("h1")).to_have_text("support-bot@staging")
    header = page.locator("header")
    expect(header).to_contain_text("version 20261124T053516123Z-1a2b3c4d, revision 2, against ")
    expect(header).to_contain_text("against support-bot@production")
    expect(header).to_contain_text("Started 2026-11-24 05:35 UTC, took 2 min 5 s, 7 prefixes")
    expect(page.locator(".verdict.bad")).to_contain_text("Not passed.")
    expect(page.locator(".verdict.bad li")).to_have_text(
        ["14.3% of the prefixes failed; at most 5.0% may"]
    )
    expect(page.locator(".verdict.bad")).to_be_in_viewport()


def test_an_evaluation_that_passes_says_what_was_requested(
    opened_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened_page(evaluation_report(tmp_path, same(3)))
    expect(page.locator(".verdict.good")).to_have_text(
        "Passed. The candidate reaches all that was asked for: at most 5.0% failed; at most 5.0% "
        "break a rule or fail before a judge; no worse than the noise."
    )
    expect(page.get_by_text("Vellum Test Suite")).to_have_count(0)
    expect(page.get_by_text("baseline")).to_have_count(0)
    expect(page.locator(".verdict.bad, .verdict.doubtful")).to_have_count(0)


def test_each_side_is_counted(opened_page: Callable[..., Page], tmp_path: Path) -> None:
    replies = some_of_each()
    page = opened_page(evaluation_report(tmp_path, replies, everything(replies)))
    summary = page.locator("#summary")

    def cells(row: str) -> list[str]:
        return (
            (summary.get_by_role("row").filter(has=page.get_by_role("rowheader", name=row)))
            .first.get_by_role("cell")
            .all_inner_texts()
        )

    assert cells("failed") == ["1", "0"]
    assert cells("same") == ["3", "6"]
    assert cells("without reference") == ["1", "1"]
    assert cells("too short") == ["1", "0"]
    assert cells("half of the replies within") == ["1,234", "1,234"]
    assert cells("95 % of the replies within") == ["4,322", "4,322"]
    expect(summary).to_contain_text("worse on 3 of 7 prefixes, and better on 0.")
    expect(summary).to_contain_text("tone could not score 3 replies.")
    summary.get_by_text("As a table").click()
    assert cells("0.1 to 0.2") == ["1"]
    assert cells("0.9 to 1") == ["4"]


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [(-0.4, -0.1, "worse"), (0.1, 0.4, "better"), (-0.1, 0.4, "not clear"), (0, 0, "not clear")],
)
def test_a_difference_is_clear_where_its_interval_leaves_out_0(
    opened_page: Callable[..., Page], tmp_path: Path, low: float, high: float, told: str
) -> None:
    replies = some_of_each()
    difference = Estimate(mean=(low + high) / 2, low=low, high=high, count=5)
    manifest = evaluation_manifest(replies, differences={"similarity": difference})
    page = opened_page(evaluation_report(tmp_path, replies, manifest))
    row = page.get_by_role("region", name="Scores").get_by_role("row", name="similarity")
    expect(row.get_by_role("cell").nth(2)).to_contain_text(f"{low:+.4g} to {high:+.4g}")
    expect(row.get_by_role("cell").nth(3)).to_have_text(told)
    expect(row.get_by_role("cell").nth(1)).to_have_text(re.compile(r"^1\s*0\.9875 to 1\.012$"))


def test_what_became_worse_or_better_than_at_the_baseline_is_reported(
    opened_page: Callable[..., Page], tmp_path: Path
) -> None:
    verdicts = {
        "worse": (Verdict.FAILED, Verdict.REGRESSED),
        "better": (Verdict.SAME, Verdict.CHANGED),
        "alike": (Verdict.REGRESSED, Verdict.REGRESSED),
    }
    replies = [
        scored(prefix("Is it?", seed_id=id), "It might be.", verdict, 0.4, side)
        for id, of_sides in verdicts.items()
        for side, verdict in zip((Side.CANDIDATE, Side.BASELINE), of_sides, strict=True)
    ]
    page = opened_page(evaluation_report(tmp_path, replies))
    expect(page.locator("#summary")).to_contain_text("worse on 1 of 3 prefixes, and better on 1.")
    for id, told in [("worse", ["worse than the baseline"]), ("alike", [])]:
        heading = page.get_by_role("article", name=f"{id}-1-t1").locator("h4")
        expect(heading.locator(".badge")).to_have_text(told)


def test_a_test_suite_is_linked_with_what_it_says(
    opened_page: Callable[..., Page], tmp_path: Path
) -> None:
    manifest = evaluation_manifest(same(1), test_suite=SUITE)
    section = opened_page(evaluation_report(tmp_path, same(1), manifest)).locator("#test-suite")
    link = section.get_by_role("link", name="shop-next-turns")
    expect(link).to_have_attribute("href", "https://app.vellum.ai/run-1")
    expect(section).to_contain_text("shop-next-turns, COMPLETE, 1,234 cases")
    expect(section.get_by_role("row", name="exact match score")).to_contain_text("0.75")
    expect(section.locator(".failure")).to_have_count(0)


def test_a_test_suite_without_a_result_says_why(
    opened_page: Callable[..., Page], tmp_path: Path
) -> None:
    suite = SuiteRunRecord(suite="shop", error="it took longer than 1800 seconds")
    manifest = evaluation_manifest(same(1), test_suite=suite)
    section = opened_page(evaluation_report(tmp_path, same(1), manifest)).locator("#test-suite")
    expect(section.locator(".failure")).to_have_text(
        "There is no result: it took longer than 1800 seconds"
    )
    expect(section.get_by_role("link")).to_have_count(0)


# The replies


def test_what_differs_is_marked_on_both_sides(
    opened_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened_page(evaluation_report(tmp_path, some_of_each()))
    changed = page.get_by_role("article", name="parcel-1-t2")
    reference, candidate, baseline = changed.locator(".reply").all()
    assert reference.locator("del").all_inner_texts() == ["Monday"]
    assert candidate.locator("ins").all_inner_texts() == ["Friday"]
    assert baseline.locator("ins").count() == 0
    assert reference.locator(".text").inner_text() == LEFT_ON_MONDAY
    expect(candidate).to_contain_text("1,234 ms · similarity 0.91")
    expect(reference).to_contain_text("850 ms")
    # Not by colour alone.
    expect(reference.locator("del")).to_have_css("text-decoration-line", "line-through")
    expect(candidate.locator("ins")).to_have_css("text-decoration-line", "underline")


def test_the_conversation_so_far_opens(opened_page: Callable[..., Page], tmp_path: Path) -> None:
    page = opened_page(evaluation_report(tmp_path, some_of_each()))
    changed = page.get_by_role("article", name="parcel-1-t2")
    expect(changed).to_contain_text("turn 2 of parcel-1")
    expect(changed.get_by_text("It is 1001.")).to_be_visible()
    expect(changed.get_by_text("Which order is it?")).to_be_hidden()
    changed.get_by_text("The conversation so far: 2 messages").click()
    expect(changed.locator("details .text")).to_have_text(
        ["Where is my parcel?", "Which order is it?"]
    )
    expect(changed.get_by_text("Which order is it?")).to_be_visible()
    expect(page.get_by_role("article", name="refund-1-t1").locator("details")).to_have_count(0)


def test_each_verdict_shows_its_reason(opened_page: Callable[..., Page], tmp_path: Path) -> None:
    page = opened_page(evaluation_report(tmp_path, some_of_each()))
    failed = page.get_by_role("article", name="warranty-1-t1").locator(".candidate")
    expect(failed.locator(".failure")).to_have_text("TransientError: HTTP 503, 4 attempts")
    expect(failed.locator(".badge")).to_have_text("failed")
    regressed = page.get_by_role("article", name="refund-1-t1").locator(".candidate")
    expect(regressed.locator(".badge")).to_have_text(["regressed", "refuses", "too_short"])
    ends = page.get_by_role("article", name="bye-1-t1")
    expect(ends).to_contain_text("There is none: the conversation ends here.")
    expect(ends.locator("ins, del")).to_have_count(0)


def test_a_count_and_an_address_lead_to_their_replies(
    opened_page: Callable[..., Page], tmp_path: Path
) -> None:
    path = evaluation_report(tmp_path, some_of_each() + same(100)[3:])
    page = opened_page(path)
    page.get_by_role("link", name="1 without reference").click()
    expect(page.get_by_role("heading", name="Without reference: 1")).to_be_in_viewport()
    expect(page.locator("[id='same90-1-t1'] h4")).not_to_be_in_viewport()
    page.locator("[id='same90-1-t1'] h4 a").click()
    there = page.url.removeprefix(path.as_uri())
    expect(opened_page(path, there).locator("[id='same90-1-t1'] h4")).to_be_in_viewport()


# Hostile text


def test_hostile_text_is_shown_as_text_and_does_nothing(
    opened_page: Callable[..., Page], tmp_path: Path
) -> None:
    texts = [*HOSTILE.values(), "</template></p></article>"]
    every = " ".join(texts)
    replies = []
    for text in texts:
        to = prefix(text, text, text, reference=f"{text} yes", seed_id=text)
        other = prefix(text, seed_id=f"other {text}")
        replies += [
            scored(to, f"{text} no", Verdict.CHANGED, 0.5, broken_rules=[text]),
            scored(other, FailedReply("ReplyError", text), Verdict.FAILED),
        ]
    suite = SuiteRunRecord(
        suite=every,
        url=every,
        state=every,
        metrics=dict.fromkeys(texts, 1.0),
        error=every,
        cases=1,
    )
    manifest = evaluation_manifest(
        replies,
        failed_gates=texts,
        test_suite=suite,
        failed_own_scorers=dict.fromkeys(texts, 1),
        candidate=every,
    )
    page = opened_page(evaluation_report(tmp_path, replies, manifest))
    assert page.locator("h1").text_content() == every
    shown = [
        article.locator(".text").all_text_contents() for article in page.locator("article").all()
    ]
    for text in texts:
        assert [text, text, text, f"{text} yes", f"{text} no"] in shown
    failures = page.locator("article .failure bdi").all_text_contents()
    assert sorted(failures) == sorted(texts)
    assert page.locator("script, img:not([role]), iframe, object, template").count() == 0


def test_the_page_may_neither_load_nor_run_anything(chromium: Browser, tmp_path: Path) -> None:
    path = evaluation_report(tmp_path, same(1))
    with chromium.new_page() as page:
        page.goto(path.as_uri())
        refused = page.evaluate(
            """async () => {
                const refused = [];
                addEventListener('securitypolicyviolation', event => {
                    refused.push(event.effectiveDirective);
                });
                const link = document.body.appendChild(document.createElement('a'));
                link.href = 'javascript:window.ran = true';
                link.click();
                await fetch('data:,x').catch(() => {});
                document.body.append(Object.assign(new Image(), {src: 'https://127.0.0.1/x'}));
                await new Promise(done => setTimeout(done, 100));
                return [window.ran, ...refused.sort()];
            }"""
        )
        assert refused[0] is None
        assert set(refused[1:]) >= {"connect-src", "img-src"}
    source = path.read_text()
    path.write_text(source.replace("<main>", "<script>document.title = 'ran'</script><main>"))
    with chromium.new_page() as page:
        page.goto(path.as_uri())
        assert page.title() == "Evaluation of support-bot@staging on shop"


# How it looks


def test_nothing_keeps_anyone_from_reading_it(
    opened_page: Callable[..., Page], tmp_path: Path, screenshot: Callable[..., None]
) -> None:
    replies = some_of_each()
    page = opened_page(evaluation_report(tmp_path, replies, everything(replies)))
    for closed in page.locator("summary").all():
        closed.click()
    for look in looks(page, WIDTHS):
        check_everyone_can_use(page)
        screenshot(page, look, full_page=True)


def test_the_widest_words_fit_a_phone(opened_page: Callable[..., Page], tmp_path: Path) -> None:
    wide = "x" * 200
    replies = [
        scored(prefix(wide, reference=wide, seed_id=wide), wide[1:], Verdict.CHANGED, 0.9),
    ]
    page = opened_page(evaluation_report(tmp_path, replies), "", 390)
    assert has_no_horizontal_scroll(page)
