"""Mining as a flow: the seed file is there afterwards, and the state shows what went wrong."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State

from duologue.flows.mine_seeds import mine_seeds
from tests.mining.traffic import Traffic
from tests.support.vellum_stand_in import StandIn

pytestmark = pytest.mark.usefixtures("prefect_server")


async def test_the_flow_writes_a_seed_file_and_returns_the_counts(
    vellum: StandIn, tmp_path: Path
) -> None:
    output = str(tmp_path / "seeds.csv")
    failed: Any = await mine_seeds(source="support-bot", output=output, return_state=True)
    assert isinstance(failed, State)
    assert failed.is_failed()
    assert "has no executions" in (failed.message or "")
    traffic = Traffic()
    traffic.stateless([("USER", "Refund?")], datetime.now(UTC) - timedelta(hours=1))
    vellum.deployments["support-bot"].traffic = traffic.listed()
    counts = await mine_seeds(source="support-bot", output=output)
    assert (counts["conversations"], counts["seeds"]) == (1, 1)
    assert Path(output).read_text(encoding="utf-8").splitlines()[1].startswith("Refund?,")
