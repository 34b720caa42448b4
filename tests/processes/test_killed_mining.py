"""A process that is killed while it reads executions."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from tests.mining.traffic import Traffic, conversations
from tests.support.vellum_stand_in import StandIn

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

DUOLOGUE = Path(sys.executable).parent / "duologue"
EXECUTIONS = 1500
WRITTEN = "seeds.csv", "real_conversations.jsonl"


async def mining(folder: Path) -> Process:
    folder.mkdir(exist_ok=True)
    return await asyncio.create_subprocess_exec(
        DUOLOGUE, "seeds", "mine", "support-bot", cwd=folder, env=dict(os.environ), stderr=PIPE
    )


async def test_what_is_read_before_a_kill_is_not_read_again_and_changes_nothing(
    vellum: StandIn, tmp_path: Path
) -> None:
    rng, traffic = Random(8), Traffic(Random(9))
    for owner, said in enumerate(conversations(rng, 200, EXECUTIONS)):
        start = datetime.now(UTC) - timedelta(seconds=rng.randrange(3600, 6 * 86400))
        if owner % 2:
            traffic.stateless(said, start, owner)
        else:
            traffic.stateful(said, start, owner)
    vellum.deployments["support-bot"].traffic = traffic.listed()
    undisturbed = await mining(tmp_path / "undisturbed")
    await undisturbed.communicate()
    assert undisturbed.returncode == 0

    folder = tmp_path / "killed"
    killed = await mining(folder)
    while len(list(folder.glob(".seeds.mining/page-*"))) < 4:
        assert killed.returncode is None
        await asyncio.sleep(0.005)
    killed.kill()
    await killed.communicate()
    assert not any((folder / name).exists() for name in WRITTEN), "or it was killed too late"
    again = await mining(folder)
    _, told = await again.communicate()
    assert again.returncode == 0, told
    stored = re.search(rb"\((\d+) of them before this command was interrupted\)", told)
    assert stored is not None, told
    assert int(stored[1]) >= 300
    assert f"{EXECUTIONS} executions read" in told.decode().replace(",", "")
    for name in WRITTEN:
        assert (folder / name).read_bytes() == (tmp_path / "undisturbed" / name).read_bytes()
    assert not list(folder.glob(".seeds.mining*")), "what was read is not redacted, so it goes"
