"""What a person sees and does in Prefect's default UI, in a real browser.

Everything is a process of its own: Prefect's server and a worker, the flows, and the stand-in for
Vellum. Screenshots of every stage go to the folder that DUOLOGUE_SCREENSHOTS names, if it is set.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from duologue.settings.run import GenerationForm
from tests.conftest import API_KEY
from tests.support.prefect_processes import ROOT, PrefectServer, prefect_server, run_prefect, worker
from tests.support.vellum_stand_in import stand_in_process

MILLISECONDS_TO_WAIT = 600_000
"""For whatever a page is to show; no test is about time."""

MESSAGES = [f"Where is my order number {n}?" for n in range(1, 7)]
FAILING = {MESSAGES[1], MESSAGES[4]}
TURNS = 2
CALLS_A_CONVERSATION = 2 * TURNS

ON_DEMAND = "generate-dataset/on-demand"
RERUN = "rerun-failed-seeds/rerun-failed-seeds"
COMPARE = "compare-chatbots/compare"


@dataclass(frozen=True)
class Production:
    """A server with this repository's deployments, a worker, and Vellum's stand-in."""

    prefect: PrefectServer
    vellum_url: str

    def fail(self, *messages: str) -> None:
        """Makes every conversation fail that holds one of these messages, and no other."""
        behaviour = {
            "deployment": "support-bot",
            "when_history_contains": dict.fromkeys(messages, "status:503"),
        }
        httpx.post(f"{self.vellum_url}/_control", json=behaviour).raise_for_status()

    def calls(self) -> Counter[str]:
        """How often Vellum was called so far, by the text of the first message."""
        logged = httpx.get(f"{self.vellum_url}/_control/requests").json()
        return Counter(_first_text(request["inputs"]) for request in logged)

    def runs(self, deployment: str) -> list[str]:
        """The ids of a Prefect deployment's runs, the newest first."""
        of_deployment = {"id": {"any_": [self.prefect.deployment(deployment)["id"]]}}
        wanted = {"deployments": of_deployment, "sort": "EXPECTED_START_TIME_DESC"}
        return [run["id"] for run in self.prefect.api("POST", "/flow_runs/filter", wanted)]


def _first_text(inputs: list[dict[str, Any]]) -> str:
    """The seed message, of either participant's call: both see the whole conversation."""
    history = next(one["value"] for one in inputs if one["type"] == "CHAT_HISTORY")
    text: str = history[0]["text"]
    return text


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    with prefect_server(tmp_path_factory.mktemp("prefect")) as server, stand_in_process() as url:
        run_prefect(server, "work-pool", "create", "duologue", "--type", "process", cwd=ROOT)
        run_prefect(server, "deploy", "--all", cwd=ROOT)
        for automation in server.api("POST", "/automations/filter", {}):
            # No version is to start its evaluation, whose calls would be counted here.
            server.api("PATCH", f"/automations/{automation['id']}", {"enabled": False})
        environment = {"VELLUM_API_URL": url, "VELLUM_API_KEY": API_KEY}
        with worker(server, cwd=ROOT, environment=environment):
            yield Production(server, url)


class Screen:
    """A page of the browser, at Prefect's default UI."""

    def __init__(self, page: Page, prefect: PrefectServer, folder: Path) -> None:
        self.page = page
        self._prefect = prefect
        self._folder = folder
        self._taken = 0

    def photograph(self, name: str) -> None:
        self._taken += 1
        self.page.screenshot(path=self._folder / f"{self._taken}-{name}.png", full_page=True)

    def open_run(self, flow_run_id: str) -> None:
        self.page.goto(f"{self._prefect.ui_url}/v2/runs/flow-run/{flow_run_id}")

    def open_form(self, deployment_id: str) -> None:
        """Opens what **Custom run** of a Prefect deployment leads to."""
        self.page.goto(f"{self._prefect.ui_url}/v2/deployments/deployment/{deployment_id}/run")
        expect(self.field("output")).to_be_visible()

    def open_tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()

    def open_artifact(self, key: str) -> None:
        """Opens the newest artifact with this key, which the run's page lists.

        After a retry the page lists the earlier ones as well, in an order of its own.
        """
        self.page.reload()
        self.open_tab("Artifacts")
        listed = self.page.get_by_role("tabpanel").get_by_role("link").filter(has_text=key)
        expect(listed.first).to_be_visible()
        of_key = {"key": {"like_": f"{key}-%"}}
        newest = {"artifacts": of_key, "sort": "CREATED_DESC", "limit": 1}
        (artifact,) = self._prefect.api("POST", "/artifacts/filter", newest)
        self.page.goto(f"{self._prefect.ui_url}/v2/artifacts/artifact/{artifact['id']}")
        expect(self.page.get_by_role("tab", name="Raw")).to_be_visible()

    def choose(self, action: str) -> None:
        """Chooses from the run's ⋮ menu."""
        self.page.get_by_role("button", name="Open menu").first.click()
        self.page.get_by_role("menuitem", name=action).click()

    def field(self, parameter: str) -> Locator:
        """Finds the field of a flow's parameter in the form."""
        return self.page.get_by_label(f"{parameter} (Optional)", exact=True).first

    def submit(self) -> None:
        self.page.get_by_role("button", name="Submit", exact=True).click()

    def submit_run(self) -> str:
        """Submits the form, and gives the id of the run that the server made of it."""
        for _ in range(3):  # a busy server's database may be locked: then one presses again
            with self.page.expect_response("**/create_flow_run") as made:
                self.submit()
            if made.value.ok:
                break
        run_id: str = made.value.json()["id"]
        return run_id

    def shows(self, *texts: str) -> None:
        for text in texts:
            expect(self.page.get_by_role("main").get_by_text(text).first).to_be_visible()

    def shows_counts(self, **counts: int) -> None:
        """Waits for a summary's table to have these counts of conversations, by kind."""
        for kind, count in counts.items():
            name = self.page.get_by_role("cell", name=kind, exact=True)
            row = self.page.get_by_role("row").filter(has=name)
            expect(row.get_by_role("cell").nth(1)).to_have_text(str(count))

    def shows_state(self, name: str) -> None:
        """Waits for the run's state, which stands in its header."""
        expect(self.page.get_by_role("main").get_by_text(name, exact=True).first).to_be_visible()


@contextmanager
def at_the_screen(browser: Browser, prefect: PrefectServer, folder: Path) -> Iterator[Screen]:
    """Opens a page; where the test fails, photographs it and reports what it shows."""
    with browser.new_page(viewport={"width": 1300, "height": 1000}) as page:
        page.set_default_timeout(MILLISECONDS_TO_WAIT)
        expect.set_options(timeout=MILLISECONDS_TO_WAIT)
        screen = Screen(page, prefect, folder)
        try:
            yield screen
        except BaseException as error:
            screen.photograph("failed")
            error.add_note(
                f"at {page.url}, see {folder}, the page shows:\n{page.inner_text('body')}"
            )
            raise


def parameters(folder: Path) -> dict[str, Any]:
    """What a run gets: six seeds, and no second attempt within the run."""
    seeds = folder / "seeds.csv"
    seeds.write_text("".join(f"{message}\n" for message in MESSAGES))
    return {
        "seeds": str(seeds),
        "chatbot": "support-bot",
        "simulated_user": "simulated-user",
        "turns": TURNS,
        "output": str(folder / "datasets"),
        "advanced": {
            "seed_retries": 0,
            "call": {"max_attempts": 1},
            "gates": {"max_failed_share": 0.5},
        },
    }


def failed_run(production: Production, folder: Path) -> str:
    """Runs the flow with two seeds that fail; from then on Vellum is well again."""
    production.fail(*FAILING)
    run = production.prefect.start_run(ON_DEMAND, parameters(folder))
    production.prefect.wait_for(run, "Failed")
    production.fail()
    return run


def latest(folder: Path) -> dict[str, Any]:
    text = (folder / "datasets" / "seeds" / "latest.json").read_text()
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def failed_conversations(folder: Path) -> list[str]:
    """The ids in the latest version's failures.csv."""
    path = folder / "datasets" / "seeds" / latest(folder)["path"] / "failures.csv"
    with path.open(newline="") as file:
        return [row["id"] for row in csv.DictReader(file)]


def test_retry_in_the_ui_repairs_the_failed_seeds_and_requests_nothing_twice(
    production: Production, chromium: Browser, tmp_path: Path, screenshots: Path
) -> None:
    run = failed_run(production, tmp_path)
    version, failed = latest(tmp_path)["version"], failed_conversations(tmp_path)
    calls_before = production.calls()
    assert len(failed) == len(FAILING)
    with at_the_screen(chromium, production.prefect, screenshots) as screen:
        screen.open_run(run)
        screen.shows_state("Failed")
        screen.photograph("failed-run")
        screen.open_tab("Details")
        screen.shows(
            f"2 failed and 0 invalid of 6 conversations; the other 4 are in seeds {version}"
        )
        screen.photograph("details")
        screen.open_tab("Task Runs")
        screen.shows(*(f"simulate-{conversation}" for conversation in failed))
        screen.photograph("task-runs")
        screen.open_artifact("failures")
        screen.shows(*failed, "503 Service Unavailable")
        screen.photograph("failures")
        screen.open_run(run)
        screen.open_artifact("summary")
        screen.shows(f"seeds {version}, revision 1")
        screen.shows_counts(conversations=6, valid=4, invalid=0, failed=2)
        screen.photograph("summary")

        screen.open_run(run)
        screen.choose("Retry")
        screen.photograph("retry")
        screen.page.get_by_role("alertdialog").get_by_role("button", name="Retry").click()
        screen.shows_state("Completed")
        screen.photograph("mended-run")
        screen.open_artifact("summary")
        screen.shows(f"seeds {version}, revision 2")
        screen.shows_counts(conversations=6, valid=6, invalid=0, failed=0)
        screen.photograph("mended-summary")
    assert production.calls() - calls_before == dict.fromkeys(FAILING, CALLS_A_CONVERSATION)
    assert (latest(tmp_path)["version"], latest(tmp_path)["revision"]) == (version, 2)


def test_retry_in_the_ui_simulates_only_the_missing_pairs_of_a_comparison(
    production: Production, chromium: Browser, tmp_path: Path, screenshots: Path
) -> None:
    production.fail(*FAILING)
    asked = parameters(tmp_path) | {"baseline": "support-bot", "candidate": "support-bot"}
    del asked["chatbot"], asked["advanced"]["gates"]
    run = production.prefect.start_run(COMPARE, asked)
    production.prefect.wait_for(run, "Failed")
    production.fail()
    calls_before = production.calls()
    with at_the_screen(chromium, production.prefect, screenshots) as screen:
        screen.open_run(run)
        screen.shows_state("Failed")
        screen.open_tab("Details")
        screen.shows("4 conversations failed; Retry simulates only these again")
        screen.photograph("failed-comparison")
        screen.choose("Retry")
        screen.page.get_by_role("alertdialog").get_by_role("button", name="Retry").click()
        screen.shows_state("Completed")
        screen.open_artifact("comparison")
        screen.shows("6 of 6 pairs compared")
        screen.photograph("complete-comparison")
    assert production.calls() - calls_before == dict.fromkeys(FAILING, 2 * CALLS_A_CONVERSATION)
    (manifest,) = (tmp_path / "datasets").glob("seeds/comparisons/*/comparison.json")
    assert json.loads(manifest.read_text())["pairs"]["missing"] == {"baseline": 0, "candidate": 0}


def test_a_rerun_started_from_the_form_repairs_the_latest_version(
    production: Production, chromium: Browser, tmp_path: Path, screenshots: Path
) -> None:
    failed_run(production, tmp_path)
    version = latest(tmp_path)["version"]
    calls_before = production.calls()
    with at_the_screen(chromium, production.prefect, screenshots) as screen:
        screen.open_form(production.prefect.deployment(RERUN)["id"])
        screen.photograph("form")
        screen.field("output").fill(str(tmp_path / "datasets"))
        screen.open_run(screen.submit_run())
        screen.shows_state("Completed")
        screen.photograph("rerun")
        screen.open_artifact("summary")
        screen.shows(f"seeds {version}, revision 2")
        screen.shows_counts(valid=6, failed=0)
        screen.photograph("summary")
    assert production.calls() - calls_before == dict.fromkeys(FAILING, CALLS_A_CONVERSATION)
    assert (latest(tmp_path)["version"], latest(tmp_path)["revision"]) == (version, 2)


def test_the_form_refuses_a_number_out_of_bounds_in_words(
    production: Production, chromium: Browser, screenshots: Path
) -> None:
    runs_before = production.runs(ON_DEMAND)
    with at_the_screen(chromium, production.prefect, screenshots) as screen:
        screen.open_form(production.prefect.deployment(ON_DEMAND)["id"])
        screen.photograph("form")
        turns = screen.field("turns")
        turns.fill("0")
        screen.submit()
        expect(turns).to_be_focused()
        assert "greater than or equal to 1" in turns.evaluate("field => field.validationMessage")
    assert production.runs(ON_DEMAND) == runs_before


def test_the_form_refuses_an_empty_seed_id_in_words(
    production: Production, chromium: Browser, screenshots: Path
) -> None:
    runs_before = production.runs(RERUN)
    with at_the_screen(chromium, production.prefect, screenshots) as screen:
        screen.open_form(production.prefect.deployment(RERUN)["id"])
        screen.page.get_by_role("button", name="Add item").click()
        screen.submit()
        screen.shows("None is not of type 'string'")
        screen.photograph("refused")
    assert production.runs(RERUN) == runs_before


def test_the_form_shows_the_common_settings_and_folds_the_others(
    production: Production, chromium: Browser, tmp_path: Path, screenshots: Path
) -> None:
    with at_the_screen(chromium, production.prefect, screenshots) as screen:
        screen.open_form(production.prefect.deployment(ON_DEMAND)["id"])
        labels = screen.page.get_by_text("(Optional)")
        shown = [label.removesuffix("(Optional)").strip() for label in labels.all_inner_texts()]
        assert shown == list(GenerationForm.model_fields)
        screen.photograph("folded")
        screen.page.get_by_text("AdvancedOptions", exact=True).click()
        expect(screen.field("seed_retries")).to_be_visible()
        expect(screen.page.get_by_text("max_failed_share (Optional)")).to_have_count(0)
        screen.page.get_by_text("Gates", exact=True).click()
        screen.field("max_failed_share").fill("0.5")
        screen.photograph("unfolded")
        screen.field("output").fill(str(tmp_path / "datasets"))
        run = screen.submit_run()
        asked = production.prefect.flow_run(run)["parameters"]["advanced"]
        assert asked["gates"]["max_failed_share"] == 0.5
        production.prefect.wait_for(run, "Completed")
    (manifest,) = (tmp_path / "datasets").rglob("manifest.json")
    gates = json.loads(manifest.read_text())["settings"]["gates"]
    assert gates == {
        "max_failed_share": 0.5,
        "max_invalid_share": 0.1,
        "max_broken_reply_share": 1.0,
        "min_conversations": 1,
        "min_passed": {},
        "max_realism_auc": None,
    }


def test_what_the_form_cannot_know_to_be_wrong_fails_the_run_at_once_in_words(
    production: Production, chromium: Browser, tmp_path: Path, screenshots: Path
) -> None:
    with at_the_screen(chromium, production.prefect, screenshots) as screen:
        screen.open_form(production.prefect.deployment(ON_DEMAND)["id"])
        screen.field("output").fill(str(tmp_path / "datasets"))
        screen.field("chatbot").fill("support bot")
        screen.open_run(screen.submit_run())
        screen.shows_state("Failed")
        screen.open_tab("Details")
        screen.shows("participant 'support bot': expected NAME or NAME@release_tag without spaces")
        screen.photograph("refused")


def test_copy_to_new_run_keeps_what_was_filled_in(
    production: Production, chromium: Browser, tmp_path: Path, screenshots: Path
) -> None:
    asked = parameters(tmp_path)
    run = production.prefect.start_run(ON_DEMAND, asked)
    production.prefect.wait_for(run, "Completed")
    with at_the_screen(chromium, production.prefect, screenshots) as screen:
        screen.open_run(run)
        screen.choose("Copy to new run")
        expect(screen.field("seeds")).to_have_value(asked["seeds"])
        expect(screen.field("turns")).to_have_value(str(TURNS))
        screen.photograph("copy")
        copied = production.prefect.flow_run(screen.submit_run())
    assert copied["parameters"]["seeds"] == asked["seeds"]
    assert copied["parameters"]["advanced"]["gates"]["max_failed_share"] == 0.5
