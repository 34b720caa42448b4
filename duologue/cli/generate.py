"""`duologue generate`: the main job, on this machine."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from duologue.cli.local_run import run_locally
from duologue.cli.options import (
    CHATBOT_PANEL,
    COST_PANEL,
    PUBLICATION_PANEL,
    SIMULATED_USER_PANEL,
    TEST_SUITE_PANEL,
    TUNING_PANEL,
    CallAttempts,
    CallDeadline,
    CallTimeout,
    OutputFormat,
    participant_inputs,
    severities,
)
from duologue.cli.results import tell_result
from duologue.cli.rule_options import OwnRuleOption, RuleOption, RulesFileOption, rule_settings
from duologue.settings.test_suites import CasePer

if TYPE_CHECKING:
    from duologue.settings.run import RunSettings


def generate(
    seeds: Annotated[
        str, typer.Argument(help="The seed messages: CSV, JSONL or Parquet; a path or a URL.")
    ],
    chatbot: Annotated[
        str,
        typer.Option(
            help="Who answers: NAME or NAME@release_tag (a Vellum Workflow Deployment), "
            "local:package.module, or python:package.module:function.",
        ),
    ] = "local:duologue.workflows.support_bot",
    simulated_user: Annotated[
        str, typer.Option(help="Who asks, spelled like the chatbot.")
    ] = "local:duologue.workflows.simulated_user",
    turns: Annotated[int, typer.Option(help="The most turns of a conversation.")] = 3,
    max_concurrency: Annotated[
        int, typer.Option(help="How many conversations are simulated at a time.")
    ] = 32,
    output: Annotated[
        str, typer.Option(help="The folder, or URL, that holds the datasets.")
    ] = "datasets",
    name: Annotated[
        str | None, typer.Option(help="The dataset's name; the seed file's if not given.")
    ] = None,
    ends_with: Annotated[
        Literal["user", "assistant"],
        typer.Option(help="Whose message closes a conversation with all its turns."),
    ] = "user",
    conversations_per_seed: Annotated[
        int, typer.Option(help="How many conversations each seed message opens.")
    ] = 1,
    output_format: Annotated[
        OutputFormat,
        typer.Option("--format", help="json: the last line of the output is one JSON object."),
    ] = OutputFormat.TEXT,
    message_column: Annotated[
        str | None, typer.Option(help="The seed file's column that holds the message.")
    ] = None,
    no_header: Annotated[
        bool, typer.Option("--no-header", help="The first row is a message, not a header.")
    ] = False,
    greeting: Annotated[
        str | None,
        typer.Option(help="What the chatbot is made to have said first, to the user alone."),
    ] = None,
    end_marker: Annotated[
        str, typer.Option(help="What the simulated user sends when it is done.")
    ] = "[END]",
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION", help="Go on with a run that was cut short, with what it finished."
        ),
    ] = None,
    reuse_unchanged: Annotated[
        bool,
        typer.Option(
            "--reuse-unchanged",
            help="Take over what earlier runs with this option made of the same seeds, "
            "participants and settings.",
        ),
    ] = False,
    max_failed_share: Annotated[
        float,
        typer.Option(
            help="The share of failed conversations, 0 to 1, beyond which the version is held "
            "back: `latest` stays as it was.",
            rich_help_panel=PUBLICATION_PANEL,
        ),
    ] = 0.1,
    max_invalid_share: Annotated[
        float,
        typer.Option(help="The same of invalid ones.", rich_help_panel=PUBLICATION_PANEL),
    ] = 0.1,
    min_conversations: Annotated[
        int,
        typer.Option(
            help="The number of valid conversations below which the version is held back.",
            rich_help_panel=PUBLICATION_PANEL,
        ),
    ] = 1,
    dataset_rule: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SEVERITY",
            help="What a dataset rule does: warning, invalid (the version is held back) or off; "
            "near_duplicates, canned_reply, drift, or the drift of one measure, as in "
            "drift:latency_ms.",
            rich_help_panel=PUBLICATION_PANEL,
        ),
    ] = None,
    keep_versions: Annotated[
        int | None,
        typer.Option(
            help="Remove versions but for the newest so many, the published one and pinned ones; "
            "none are removed if not given.",
            rich_help_panel=PUBLICATION_PANEL,
        ),
    ] = None,
    push_to_test_suite: Annotated[
        str | None,
        typer.Option(
            metavar="SUITE",
            help="The Test Suite's id or name; none if not given. `duologue push-test-suite` "
            "tells more.",
            rich_help_panel=TEST_SUITE_PANEL,
        ),
    ] = None,
    push_per: Annotated[
        CasePer, typer.Option(help="What becomes a case.", rich_help_panel=TEST_SUITE_PANEL)
    ] = CasePer.CONVERSATION,
    push_input_name: Annotated[
        str,
        typer.Option(
            help="The input variable of type CHAT_HISTORY.", rich_help_panel=TEST_SUITE_PANEL
        ),
    ] = "chat_history",
    push_evaluation_name: Annotated[
        str | None,
        typer.Option(
            help="The evaluation variable of type STRING for the chatbot's reply; no reply is "
            "sent if not given.",
            rich_help_panel=TEST_SUITE_PANEL,
        ),
    ] = None,
    push_remove_gone: Annotated[
        bool,
        typer.Option(
            "--push-remove-gone",
            help="Remove the dataset's cases that are no longer there.",
            rich_help_panel=TEST_SUITE_PANEL,
        ),
    ] = False,
    record_usage: Annotated[
        bool,
        typer.Option(
            "--record-usage",
            help="Record the tokens, cost and models of each message, as far as Vellum tells.",
            rich_help_panel=COST_PANEL,
        ),
    ] = False,
    max_calls: Annotated[
        int | None,
        typer.Option(
            help="Begin no more calls than this, repeated ones included, and stop early; as many "
            "as it takes if not given.",
            rich_help_panel=COST_PANEL,
        ),
    ] = None,
    max_cost_usd: Annotated[
        float | None,
        typer.Option(
            help="Begin no call once this cost in US dollars is recorded, and stop early; needs "
            "--record-usage.",
            rich_help_panel=COST_PANEL,
        ),
    ] = None,
    rule: RuleOption = None,
    own_rule: OwnRuleOption = None,
    rules_file: RulesFileOption = None,
    chatbot_input: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="A further input, the same for every call.",
            rich_help_panel=CHATBOT_PANEL,
        ),
    ] = None,
    chatbot_input_from: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=COLUMN",
            help="A further input, from a seed column.",
            rich_help_panel=CHATBOT_PANEL,
        ),
    ] = None,
    chatbot_history_input: Annotated[
        str,
        typer.Option(help="The input that takes the history.", rich_help_panel=CHATBOT_PANEL),
    ] = "chat_history",
    chatbot_output: Annotated[
        str, typer.Option(help="The output that is the reply.", rich_help_panel=CHATBOT_PANEL)
    ] = "final-output",
    user_input: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="A further input, the same for every call.",
            rich_help_panel=SIMULATED_USER_PANEL,
        ),
    ] = None,
    user_input_from: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=COLUMN",
            help="A further input, from a seed column.",
            rich_help_panel=SIMULATED_USER_PANEL,
        ),
    ] = None,
    user_history_input: Annotated[
        str,
        typer.Option(
            help="The input that takes the history.", rich_help_panel=SIMULATED_USER_PANEL
        ),
    ] = "chat_history",
    user_output: Annotated[
        str,
        typer.Option(help="The output that is the reply.", rich_help_panel=SIMULATED_USER_PANEL),
    ] = "final-output",
    call_timeout: CallTimeout = 120,
    call_deadline: CallDeadline = 300,
    call_attempts: CallAttempts = 5,
    seed_retries: Annotated[
        int,
        typer.Option(
            help="How often a seed that failed is tried again.", rich_help_panel=TUNING_PANEL
        ),
    ] = 2,
    seed_retry_delay: Annotated[
        float,
        typer.Option(
            help="Seconds before the first of these; doubled each time.",
            rich_help_panel=TUNING_PANEL,
        ),
    ] = 30,
) -> None:
    """Simulate a conversation for every seed message and publish them as a dataset.

    Without further options the bundled chatbot and simulated user talk: no key, no server.

    Exit code 0 if every conversation is good, 1 if some failed or are invalid or the version is
    held back, 2 if nothing could run.
    """
    rules, read_rules_file = rule_settings(rules_file, rule, own_rule)
    parameters = {
        "seeds": seeds,
        "chatbot": chatbot,
        "simulated_user": simulated_user,
        "turns": turns,
        "conversations_per_seed": conversations_per_seed,
        "max_concurrency": max_concurrency,
        "output": output,
        "name": name or "",
        "advanced": {
            "ends_with": ends_with,
            "greeting": greeting,
            "end_marker": end_marker,
            "message_column": message_column,
            "has_header": False if no_header else None,
            "chatbot_inputs": participant_inputs(
                "chatbot", chatbot_history_input, chatbot_output, chatbot_input, chatbot_input_from
            ),
            "simulated_user_inputs": participant_inputs(
                "user", user_history_input, user_output, user_input, user_input_from
            ),
            "call": {
                "timeout_seconds": call_timeout,
                "deadline_seconds": call_deadline,
                "max_attempts": call_attempts,
            },
            "seed_retries": seed_retries,
            "seed_retry_delay_seconds": seed_retry_delay,
            "record_usage": record_usage,
            "budget": {"max_calls": max_calls, "max_cost_usd": max_cost_usd},
            "gates": {
                "max_failed_share": max_failed_share,
                "max_invalid_share": max_invalid_share,
                "min_conversations": min_conversations,
            },
            "dataset_rules": {"severities": severities("--dataset-rule", dataset_rule)},
            "rules": rules.model_dump(mode="json"),
            "keep_versions": keep_versions,
            "reuse_unchanged": reuse_unchanged,
            "resume": resume,
            "test_suite": push_to_test_suite
            and {
                "suite": push_to_test_suite,
                "per": push_per,
                "input_name": push_input_name,
                "evaluation_name": push_evaluation_name,
                "remove_gone": push_remove_gone,
            },
        },
    }
    # With --format json standard output holds the result alone.
    console = Console(stderr=output_format is OutputFormat.JSON)
    settings = _checked(parameters, read_rules_file, console)
    manifest, message = run_locally(
        _generate_dataset,
        parameters,
        [settings.chatbot, settings.simulated_user],
        console,
        lambda version: f"To go on with it, repeat the command with --resume {version}",
    )
    raise typer.Exit(tell_result(manifest, message, output, output_format, console))


def _generate_dataset() -> Callable[..., Any]:
    from duologue.flows.generate_dataset import generate_dataset
    from duologue.validation.language import language_detector

    language_detector()  # takes half a second, in which the Prefect server starts
    return generate_dataset


def _checked(parameters: dict[str, Any], rules_file: str | None, console: Console) -> "RunSettings":
    """Finds what is wrong before Prefect starts, which takes seconds; the flow checks again."""
    from duologue.plans.generation import plan_generation
    from duologue.seeds import read_seeds
    from duologue.versions.writing import check_writable

    plan = plan_generation(**parameters)
    seed_file = read_seeds(
        plan.seeds_path,
        message_column=plan.advanced.message_column,
        has_header=plan.advanced.has_header,
    )
    check_writable(plan.dataset)
    lines = {
        "Seeds": f"{seed_file.path}: {len(seed_file.seeds)} seeds, "
        f"{len(seed_file.rejected)} rows rejected ({seed_file.columns_note})",
        "Chatbot": plan.settings.chatbot.spelling,
        "Simulated user": plan.settings.simulated_user.spelling,
    }
    if rules_file is not None:
        lines["Rules"] = rules_file
    for label, text in lines.items():
        console.print(f"{label + ':':15} {text}", markup=False, highlight=False, soft_wrap=True)
    for row in seed_file.rejected:
        console.print(f"{'rejected:':15} {row}", markup=False, highlight=False, soft_wrap=True)
    return plan.settings
