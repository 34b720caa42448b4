"""What a reviewer sees and does in a report's review mode, with keys only."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from duologue.dataset.contents import DatasetContents
from duologue.reliability.decisions import DecisionsFile
from duologue.reliability.measuring import ANY_INVALID, ANY_WARNING
from duologue.reliability.sampling import Stratum, review_order
from duologue.report.page import REPORT_FILE
from duologue.settings.rules import Severity
from duologue.versions.places import DatasetFolder
from duologue.versions.reliability import measure_version
from duologue.versions.reviews import add_decisions
from duologue.versions.writing import write_version
from tests.browser.browsing import (
    DESKTOP,
    HOSTILE,
    PHONE,
    check_everyone_can_use,
    looks,
)
from tests.dataset.making import VERSION, checked, contents
from tests.dataset.reviewing import echo, of, restated, sound
from tests.report.making import report

INVALID, WARNING = Severity.INVALID, Severity.WARNING


def shop(count: int) -> DatasetContents:
    """Conversations of 5 messages: every fifth invalid, every fifth with a warning."""
    of = {0: [("echo", INVALID)], 1: [("tail", WARNING)]}
    return contents(
        *(
            checked(
                *("A lamp?", "Which one?", f"Number {n}.", "It costs 9 euros.", "Thanks!"),
                seed_id=f"s{n}",
                context={"persona": "calm"},
                broken=of.get(n % 5, ()),
            )
            for n in range(count)
        )
    )


def start(page: Page, reviewer: str = "Anna") -> None:
    expect(page.locator("#status")).not_to_have_text("Loading …")
    page.keyboard.press("r")
    expect(page.locator("#reviewer")).to_be_focused()
    page.keyboard.type(reviewer)
    page.keyboard.press("Enter")
    expect(page.locator("#review-conversation")).to_be_focused()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def downloaded(page: Page) -> dict[str, Any]:
    with page.expect_download() as waiting:
        page.keyboard.press("d")
    value: dict[str, Any] = json.loads(waiting.value.path().read_text())
    DecisionsFile.model_validate(value)
    return value


def progress(page: Page) -> str:
    expect(page.locator("#review-progress")).not_to_be_empty()
    return page.locator("#review-progress").inner_text()


def order(made: DatasetContents) -> list[str]:
    strata = {
        item.conversation.conversation_id: Stratum.REST
        if item.is_valid and not item.warnings
        else Stratum.DOUBTFUL
        if item.is_valid
        else Stratum.FLAGGED
        for item in made.checked
    }
    return list(review_order(VERSION, strata))


def test_decisions_are_made_with_keys(opened_page: Callable[..., Page], tmp_path: Path) -> None:
    made = shop(20)
    page = opened_page(report(tmp_path, made))
    start(page)
    press(page, "1")
    press(page, "2", "3", "8", "3", "ArrowDown", "ArrowDown", "Enter")
    press(page, "n")
    press(page, "2", "ArrowUp", "Enter")
    press(page, "2", "1", "Backspace", "1")
    assert progress(page) == "4 decided, 1 skipped of 20 drawn"
    file = downloaded(page)
    ids = order(made)
    assert (file["dataset"], file["version"], file["revision"]) == ("shop", VERSION, 1)
    assert file["reviewer"] == "Anna"
    decided = [
        (item["conversation_id"], item["broken"], item["kinds"], item["message_index"])
        for item in file["decisions"]
    ]
    assert decided == [
        (ids[0], False, [], None),
        (ids[1], True, ["fourth_wall"], 1),
        (ids[3], True, [], 4),
        (ids[4], False, [], None),
    ]
    assert [item["conversation_id"] for item in file["skipped"]] == [ids[2]]


def test_each_decision_has_the_probability_with_which_it_was_drawn(
    opened_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened_page(report(tmp_path, shop(50)))
    start(page)
    press(page, *"1" * 12)
    file = downloaded(page)
    strata = {item.pop("stratum"): item for item in file["strata"]}
    assert strata == {
        "flagged": {"conversations": 10, "reviewed": 3},
        "doubtful": {"conversations": 10, "reviewed": 3},
        "rest": {"conversations": 30, "reviewed": 6},
    }
    for decision in file["decisions"]:
        expected = 0.2 if decision["stratum"] == "rest" else 0.3
        assert decision["inclusion_probability"] == pytest.approx(expected, abs=1e-12)
        assert decision["weight"] == pytest.approx(1 / expected, abs=1e-12)


def test_undo_takes_the_last_decision_back(
    opened_page: Callable[..., Page], tmp_path: Path
) -> None:
    made = shop(20)
    page = opened_page(report(tmp_path, made))
    start(page)
    press(page, "2", "2", "Enter", "n", "1", "u", "u", "u", "u", "1")
    file = downloaded(page)
    assert [item["conversation_id"] for item in file["decisions"]] == order(made)[:1]
    assert not file["decisions"][0]["broken"]
    assert file["skipped"] == []


def test_nothing_of_rules_is_shown(opened_page: Callable[..., Page], tmp_path: Path) -> None:
    page = opened_page(report(tmp_path, shop(20)))
    start(page)
    for _ in range(20):
        text = page.locator("#reviewing").inner_text()
        assert not any(word in text for word in ("echo", "tail", "invalid", "warning", "flagged"))
        assert "persona: calm" in text
        press(page, "1")
    expect(page.locator("#review-conversation")).to_contain_text("You have reviewed all")
    press(page, "1", "2", "Enter", "n")
    assert progress(page) == "20 decided of 20 drawn"


def test_decisions_survive_a_reload(chromium: Browser, tmp_path: Path) -> None:
    path = report(tmp_path, shop(20))
    page = chromium.new_page()
    page.goto(path.as_uri())
    start(page)
    press(page, "1", "2", "4", "Enter", "n")
    page.reload()
    expect(page.locator("#status")).not_to_have_text("Loading …")
    press(page, "r")
    expect(page.locator("#reviewer")).to_have_value("Anna")
    press(page, "Enter")
    assert progress(page) == "2 decided, 1 skipped of 20 drawn"
    assert [item["kinds"] for item in downloaded(page)["decisions"]] == [[], ["both_sides"]]
    page.close()


def test_another_reviewer_starts_with_the_same_conversations(
    chromium: Browser, tmp_path: Path
) -> None:
    path = report(tmp_path, shop(20))
    page = chromium.new_page()
    page.goto(path.as_uri())
    start(page)
    press(page, "1", "1")
    ids = [item["conversation_id"] for item in downloaded(page)["decisions"]]
    page.reload()
    start(page, "Ben")
    press(page, "1", "1")
    assert [item["conversation_id"] for item in downloaded(page)["decisions"]] == ids
    page.close()


def test_without_storage_it_works_and_warns(chromium: Browser, tmp_path: Path) -> None:
    path = report(tmp_path, shop(20))
    with chromium.new_page() as page:
        page.add_init_script(
            "Object.defineProperty(window, 'localStorage', "
            "{ get() { throw new DOMException('blocked', 'SecurityError'); } })"
        )
        page.goto(path.as_uri())
        start(page)
        expect(page.locator("#review-warning")).to_be_visible()
        press(page, "1", "1")
        assert len(downloaded(page)["decisions"]) == 2


def test_it_closes_and_continues(opened_page: Callable[..., Page], tmp_path: Path) -> None:
    page = opened_page(report(tmp_path, shop(20)))
    start(page)
    press(page, "1", "2", "Escape")
    expect(page.locator("#reviewing")).to_be_visible()
    press(page, "Escape")
    expect(page.locator("#reviewing")).to_be_hidden()
    press(page, "j")
    expect(page.locator("#open h3")).to_have_count(1)
    press(page, "r")
    assert progress(page) == "1 decided of 20 drawn"
    press(page, "?")
    expect(page.locator("#review-help")).to_be_visible()


def test_a_key_right_after_closing_is_not_for_the_review(
    opened_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened_page(report(tmp_path, shop(20)))
    start(page)
    # A browser moves the focus out of a closed dialog only before it paints again.
    page.evaluate(
        """() => {
            document.getElementById("reviewing").close();
            for (const key of ["1", "j"]) {
                const pressed = new KeyboardEvent("keydown", { key, bubbles: true });
                document.getElementById("review-conversation").dispatchEvent(pressed);
            }
        }"""
    )
    expect(page.locator("#open h3")).to_have_count(1, timeout=20_000)
    press(page, "r")
    assert progress(page) == "0 decided of 20 drawn"


def test_hostile_text_is_shown_as_text(opened_page: Callable[..., Page], tmp_path: Path) -> None:
    made = contents(*(checked(t, t, seed_id=t, context={t: t}) for t in HOSTILE.values()))
    page = opened_page(report(tmp_path, made))
    start(page, "<img src=x onerror=alert(1)>")
    seen = []
    for _ in HOSTILE:
        seen.append(page.locator("#review-conversation .text").first.text_content())
        press(page, "2", "Enter")
    assert sorted(map(str, seen)) == sorted(HOSTILE.values())
    assert downloaded(page)["reviewer"] == "<img src=x onerror=alert(1)>"


def test_a_version_without_conversations_has_nothing_to_review(
    opened_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened_page(report(tmp_path, contents()))
    expect(page.locator("#status")).to_have_text("0 conversations")
    press(page, "r")
    expect(page.locator("#reviewing, #review")).to_have_count(0)


def test_nothing_keeps_anyone_from_reviewing(
    opened_page: Callable[..., Page], tmp_path: Path, screenshot: Callable[..., None]
) -> None:
    page = opened_page(report(tmp_path, shop(20)))

    def look_at(state: str) -> None:
        for look in looks(page, (2000, DESKTOP, PHONE)):
            check_everyone_can_use(page)
            screenshot(page, f"{state}-{look}")

    expect(page.locator("#status")).not_to_have_text("Loading …")
    press(page, "r")
    look_at("introduction")
    page.keyboard.type("Anna")
    press(page, "Enter")
    look_at("deciding")
    press(page, "2", "1", "3", "ArrowDown", "ArrowDown")
    look_at("broken")
    press(page, "Enter", "?")
    look_at("help")


def lamps(count: int) -> DatasetContents:
    """Of ten conversations one is invalid, two have a warning, and seven nothing."""
    kinds = {0: echo, 1: restated, 2: restated}
    return of(*(kinds.get(n % 10, sound)(n) for n in range(count)))


def is_broken(id: str) -> bool:
    """What the reviewer of the test thinks: of some of each stratum that they are broken."""
    number = int(id.removeprefix("s").removesuffix("-1"))
    return (number % 10 in (0, 1) and number % 70 != 0) or number % 13 == 3


def test_a_hundred_conversations_reviewed_with_keys_give_the_figures_of_a_hand_calculation(
    opened_page: Callable[..., Page], tmp_path: Path
) -> None:
    made = lamps(400)
    version = write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, made)
    page = opened_page(Path(version.folder.path) / REPORT_FILE)
    start(page)
    reviewed = order(made)[:100]
    for id in reviewed:
        press(page, *(("2", "2", "ArrowDown", "Enter") if is_broken(id) else ("1",)))
    assert progress(page) == "100 decided of 400 drawn"
    file = DecisionsFile.model_validate(downloaded(page))
    assert [(item.conversation_id, item.broken) for item in file.decisions] == [
        (id, is_broken(id)) for id in reviewed
    ]
    add_decisions(version, {"decisions.json": file})
    measured = measure_version(version).reliability

    # 25 of 40 flagged, 25 of 80 doubtful and 50 of 280 others are reviewed.
    weights = {0: 40 / 25, 1: 80 / 25, 2: 80 / 25}
    numbers = [int(id[1:-2]) for id in reviewed]
    weight = {n: weights.get(n % 10, 280 / 50) for n in numbers}
    broken = {n for n in numbers if is_broken(f"s{n}-1")}
    found = {
        ANY_INVALID: {n for n in numbers if n % 10 == 0},
        ANY_WARNING: {n for n in numbers if n % 10 <= 2},
        "user_echoes_assistant": {n for n in numbers if n % 10 == 0},
        "opening_restated": {n for n in numbers if n % 10 in (1, 2)},
    }

    def total(of: set[int]) -> float:
        return sum(weight[n] for n in of)

    rows = {row.name: row for row in measured.signals}
    for name, of_name in found.items():
        precision, recall = rows[name].precision, rows[name].recall
        assert precision is not None
        assert recall is not None
        both = total(of_name & broken)
        assert precision.estimate == pytest.approx(both / total(of_name), abs=1e-9)
        assert recall.estimate == pytest.approx(both / total(broken), abs=1e-9)
        assert 0 < recall.low < recall.estimate < recall.high < 1
    assert {(s.stratum, s.conversations, s.reviewed) for s in measured.strata} == {
        ("flagged", 40, 25),
        ("doubtful", 80, 25),
        ("rest", 280, 50),
    }
