"""What the documents say is true: commands run, tables agree with the code, links hold."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from duologue.settings.rules import MEASURES, RuleSettings
from duologue.validation.rules import RULES
from tests.support.commands import write_forking
from tests.support.vellum_stand_in import stand_in_process

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("workflows/*.md"),
     *ROOT.glob("benchmarks/*.md"), *ROOT.glob("automations/*.md")]
)  # fmt: skip

PUSH = "vellum workflows push workflows"
SERVER = "PREFECT_API_URL=http://127.0.0.1:4200/api"
SERVED = "test_serve.py and test_deployments.py do this on servers of their own"
APPLIED = "test_automations.py does this on a server of its own"
SAVE_SLACK_BLOCK = (
    "python -c 'import os; from prefect.blocks.notifications import SlackWebhook as Block; "
    'print(Block(url=os.environ["SLACK_WEBHOOK_URL"]).save("duologue"))\''
)
SHARDED = "test_shards.py does this on a server of its own"
READ_BY_OTHERS = "tests/other_tools does this"
PUSH_CASES = "duologue push-test-suite latest my-test-suite"
COMPARED = "the like of it is in tests/cli/test_compare_command.py"
MINED = "tests/mining/test_mine.py and tests/flows/test_mine_seeds.py"
IN_CONTAINERS = "no container runs here; test_container.py starts the services by hand"
NEW_PROJECT = "tests/cli/test_init_command.py does this in a folder of its own"
MEASURED = "needs 50 conversations; tests/realism/test_versions.py runs the like of it"
ON_THE_HUB = "tests/cli/test_publish_command.py does this with a stand-in for the Hub"
TRACED = "tests/cli/test_tracing.py runs this with a collector of its own"
RUN_ELSEWHERE = {
    "duologue publish-to hub my-team/my-dataset latest --license cc-by-4.0": ON_THE_HUB,
    'pip install "duologue[tracing]"': "the tests' environment has the extra",
    "export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318": TRACED,
    "duologue generate": TRACED,
    "OTEL_TRACES_EXPORTER=console duologue generate": TRACED,
    "duologue init": NEW_PROJECT,
    "duologue compare --candidate support-bot@staging": COMPARED,
    "duologue doctor": NEW_PROJECT,
    "make demo": "CI runs it on a clean machine",
    "make benchmark": "takes minutes",
    "python -m benchmarks.grid": "takes a quarter of an hour",
    "python -m benchmarks.cpu_split": "takes minutes",
    "python -m benchmarks.start_up": "needs the environment that users install, and takes a minute",
    "make benchmark-peers": "takes minutes",
    "source .venv/bin/activate": "is for the reader's own shell",
    "prefect server start": "the session's server is one",
    "duologue serve": SERVED,
    f"{SERVER} prefect deployment run generate-dataset/nightly": SERVED,
    "prefect deployment run generate-dataset/nightly": SERVED,
    f"export {SERVER}": "is for the reader's own shell",
    "prefect deployment run evaluate-dataset/evaluate --param version=latest": "the like of it "
    "is in tests/processes/test_chain.py",
    "prefect deployment run mine-seeds/mine-seeds --param source=support-bot": MINED,
    "duologue seeds mine support-bot -o seeds.csv --since 7d": MINED,
    "duologue seeds mine transcripts.jsonl -o seeds.csv --count 100": MINED,
    "duologue seeds coverage latest --real real_conversations.jsonl --missing more_seeds.csv": (
        MINED
    ),
    "prefect work-pool create duologue --type process": SERVED,
    "prefect deploy --all": SERVED,
    "prefect worker start --pool duologue": SERVED,
    "prefect automation create --from-file automations/silent_runs.yaml": APPLIED,
    "prefect automation create --from-file automations/crashed_runs.yaml": SHARDED,
    "prefect gcl create vellum --limit 256": SHARDED,
    "duologue compare --candidate bot@new --baseline bot@old --seeds my_seeds.csv --samples 3": (
        COMPARED
    ),
    "duologue compare --candidate bot@new --max-drop valid=0.02 --min-gain user_satisfied=0.05": (
        COMPARED
    ),
    "duologue compare --resume COMPARISON --promote production --apply": COMPARED,
    "duologue compare --resume COMPARISON": "tests/processes/test_compare_crashes.py does this",
    "duologue compare --undo COMPARISON": COMPARED,
    "docker compose up --build": IN_CONTAINERS,
    "docker compose exec worker prefect deployment run generate-dataset/nightly": IN_CONTAINERS,
    "duologue realism latest --real real_conversations.jsonl": MEASURED,
    "duologue realism --between simulated.jsonl real.jsonl --format json": MEASURED,
    "make chaos": "takes a quarter of an hour",
    "make soak": "takes half an hour",
    "export SLACK_WEBHOOK_URL=https://hooks.slack.com/services/...": "is the reader's own",
    SAVE_SLACK_BLOCK: APPLIED,
    'sed "s/BLOCK_ID/2405d59e-be3d-4978-ae67-ad7d6c232f5d/" automations/messages.yaml '
    "> messages.yaml": APPLIED,
    "prefect automation create --from-file messages.yaml": APPLIED,
    "export VELLUM_API_KEY=...": "the tests set one",
    f"{PUSH}.support_bot_llm --deploy --deployment-name support-bot": "needs Vellum",
    f"{PUSH}.simulated_user_llm --deploy --deployment-name simulated-user": "needs Vellum",
    f"{PUSH}.judge_llm --deploy --deployment-name judge": "needs Vellum",
    f"{PUSH_CASES} --name my_seeds --dry-run": "needs a Test Suite; test_push_test_suite.py runs "
    "a similar one",
    "duologue generate my_seeds.csv --chatbot support-bot@production "
    "--simulated-user openai:gpt-5-mini": "needs a model; test_language_models.py runs its like",
    "duologue review latest decisions-20261124T053516123Z-1a2b3c4d-Anna.json": "needs a person; "
    "tests/browser/test_review.py and tests/cli/test_review_command.py do this",
    "promptfoo eval --output results.json": READ_BY_OTHERS,
    "duologue export COMPARISON preferences pairs.jsonl --by user_satisfied": (
        "tests/comparison/test_preferences.py does this"
    ),
}
"""Documented commands that no test runs, and why not."""


RULES_PAGE = (ROOT / "docs/reference/rules.md").read_text()


def documented_commands() -> list[str]:
    commands: list[str] = []
    for page in PAGES:
        for block in re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL):
            lines = block.replace("\\\n", " ").splitlines()
            commands += [" ".join(line.split()) for line in lines if line.strip()]
    return list(dict.fromkeys(commands))


COMMANDS = [command for command in documented_commands() if command not in RUN_ELSEWHERE]


@dataclass(frozen=True)
class Reader:
    """Somebody who types in what the documents say."""

    folder: Path
    environment: dict[str, str]

    def runs(self, command: str) -> subprocess.CompletedProcess[str]:
        # The session's server takes the place of the reader's own, and a folder of ours that of
        # `datasets`, which is the repository's here.
        command = re.sub(r"PREFECT_API_URL=\S+ ", "", command)
        if re.search(
            r"duologue (generate|show|rerun|versions|export|evaluate|check .* --judge)\b", command
        ):
            command += f" --output {self.folder / 'published'} --name shop"
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


@pytest.fixture(scope="module")
def a_readers_folder(
    tmp_path_factory: pytest.TempPathFactory, prefect_environment: dict[str, str]
) -> Iterator[Reader]:
    """What the documents tell their reader to have, a first dataset, and a stand-in for Vellum."""
    folder = tmp_path_factory.mktemp("reader")
    readme = (ROOT / "README.md").read_text()
    (chatbot,) = re.findall(r"```python\n(async def reply.*?)```", readme, re.DOTALL)
    (folder / "my_chatbot.py").write_text(chatbot)
    (own_rule,) = re.findall(r"```python\n(.*?def no_prices.*?)```", RULES_PAGE, re.DOTALL)
    (folder / "my_rules.py").write_text(own_rule)
    judges = (ROOT / "docs/how-to/judges.md").read_text()
    (own_judge,) = re.findall(r"```python\n(def judge.*?)```", judges, re.DOTALL)
    (folder / "my_judge.py").write_text(own_judge)
    (folder / "my_seeds.csv").write_text("message,plan\nWhere is my order?,gold\n")
    (folder / "datasets").symlink_to(ROOT / "datasets")
    (folder / "workflows").symlink_to(ROOT / "workflows")
    (folder / ".venv").symlink_to(Path(sys.executable).parent.parent)
    (folder / "transcripts.jsonl").write_text(
        '{"messages": [{"role": "user", "content": "Open on Sunday?"},'
        ' {"role": "assistant", "content": "From ten to four."}]}\n'
    )
    (folder / "labels.jsonl").write_text('{"id": "transcripts.jsonl:1", "broken": false}\n')
    programs = folder / "programs"
    write_forking(programs / "duologue")
    with stand_in_process() as url:
        reader = Reader(
            folder,
            {
                **prefect_environment,
                "PATH": f"{programs}:{Path(sys.executable).parent}:{prefect_environment['PATH']}",
                "VELLUM_API_URL": url,
                "VELLUM_API_KEY": "a-key",
            },
        )
        assert reader.runs("duologue generate datasets/seed_user_messages.csv").returncode == 0
        yield reader


@pytest.mark.parametrize("command", COMMANDS)
def test_a_documented_command_works(command: str, a_readers_folder: Reader) -> None:
    done = a_readers_folder.runs(command)
    # 1 says of an evaluation that the candidate does not pass: it says something else.
    good = {0, 1} if command.startswith("duologue evaluate") else {0}
    assert done.returncode in good, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_no_reason_is_given_for_a_command_that_is_not_documented() -> None:
    assert set(RUN_ELSEWHERE) <= set(documented_commands())


def test_every_rule_is_documented_as_it_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (info|warning|invalid) \| (.*) \|$", RULES_PAGE, re.M)
    assert rows == [
        (
            rule.name,
            rule.severity,
            " ".join((rule.check.__doc__ or "").split("\n\n")[0].split())
            .removeprefix("Catches ")
            .replace("|", "\\|"),
        )
        for rule in RULES
    ]


def test_every_measure_is_documented_as_it_is() -> None:
    page = (ROOT / "docs/reference/rules.md").read_text().partition("| measure | says |")[2]
    rows = re.findall(r"^\| `(\w+)` \| (.*)\. \|$", page, re.M)
    assert rows == list(MEASURES.items())


def test_every_setting_of_the_rules_is_documented_as_it_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:none|`(.*)`) \| (.*) \|$", RULES_PAGE, re.M)
    settings = {name: (default, meaning) for name, default, meaning in rows}
    assert list(settings) == list(RuleSettings.model_fields)
    for name, field in RuleSettings.model_fields.items():
        default = str(field.default) if field.default not in (None, (), {}) else ""
        assert settings[name] == (default, " ".join(str(field.description).split()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target
