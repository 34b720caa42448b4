"""Compares the speed of `generate_dataset` with that of other tools that simulate conversations.

    python -m benchmarks.peers_speed [--scenario NAME] [--seeds AT_MOST]

Prints what was measured; README.md tells what it means. A tool whose environment is missing, that
fails, or that loses conversations is said to.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions

from benchmarks.running import (
    COLUMNS,
    DUOLOGUE,
    GUIDE,
    REPOSITORY,
    Run,
    Scenario,
    Way,
    WayFailedError,
    asked_for,
    run_way,
    table_head,
    table_row,
)
from tests.support.vellum_stand_in import stand_in_process

ENVIRONMENTS = REPOSITORY / ".venv" / "peers"

TIMEOUT_SECONDS = 300
"""For a way and a scenario: many times the ideal."""

# Seeds in whole rounds of what is in flight: else the last round alone keeps from the ideal.
SCENARIOS = (Scenario("64 at 200 ms", 640, 64, 200), Scenario("256 at 200 ms", 1024, 256, 200))

NOWHERE = "http://127.0.0.1:9"
OFFLINE = {"HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE, "NO_PROXY": "127.0.0.1"}
"""So that nothing is sent anywhere, whatever a tool's settings say."""


@dataclass(frozen=True)
class Peer:
    """Another tool; its lock file, its environment and its way have its name."""

    name: str
    package: str
    settings: dict[str, str]
    """Environment variables, so that it reports to nobody."""

    @property
    def is_installed(self) -> bool:
        """Whether its environment is there, and whole."""
        return (ENVIRONMENTS / self.name / "ready").exists()

    @property
    def way(self) -> Way:
        """Its way, named with the version that is installed."""
        folder = ENVIRONMENTS / self.name
        (site_packages,) = folder.glob("lib/python*/site-packages")
        (found,) = distributions(name=self.package, path=[str(site_packages)])
        return Way(
            f"{self.package} {found.version}",
            f"benchmarks.peers.{self.name}_way",
            str(folder / "bin" / "python"),
            {**OFFLINE, **self.settings},
        )


PEERS = (
    Peer("deepeval", "deepeval", {"DEEPEVAL_TELEMETRY_OPT_OUT": "1"}),
    Peer("openevals", "openevals", {"LANGSMITH_TRACING": "false"}),
    Peer(
        "scenario",
        "langwatch-scenario",
        {
            "LANGWATCH_API_KEY": "",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "SCENARIO_DISABLE_SIMULATION_REPORT_INFO": "1",
        },
    ),
)

PEERS_COLUMNS: dict[str, Callable[[Run], str]] = {
    **COLUMNS,
    "valid": lambda run: str(run.measurement.valid),
    "calls": lambda run: str(run.calls),
}


def main() -> None:
    """Runs the scenarios asked for and prints the table, and below it what went wrong."""
    notes = list(missing(PEERS))
    ways = [GUIDE, DUOLOGUE, *(peer.way for peer in PEERS if peer.is_installed)]
    print(table_head(PEERS_COLUMNS), flush=True)
    for scenario in asked_for(SCENARIOS, "Compares the speed of other tools."):
        for outcome in outcomes(scenario, ways):
            if isinstance(outcome, Run):
                print(table_row(outcome, PEERS_COLUMNS), flush=True)
                notes += [outcome.loss] if outcome.loss else []
            else:
                notes.append(outcome)
    for note in notes:
        print(f"\n{note}")


def missing(peers: Sequence[Peer]) -> Iterator[str]:
    """Says which tools cannot be measured."""
    for peer in peers:
        if not peer.is_installed:
            yield f"{peer.name} is not installed; run `make .venv/peers/{peer.name}/ready`"


def outcomes(scenario: Scenario, ways: Sequence[Way]) -> Iterator[Run | str]:
    """Simulates the same seeds in each way; of one that failed, tells why."""
    with stand_in_process(scenario.latency_ms, keep_log=False) as vellum_url:
        for way in ways:
            try:
                yield run_way(scenario, way, vellum_url, TIMEOUT_SECONDS)
            except WayFailedError as error:
                yield str(error)


if __name__ == "__main__":
    main()
