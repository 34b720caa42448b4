"""DeepEval: `ConversationSimulator`, with its own bound, `max_concurrent`.

The simulated user is a node of a simulation graph whose action calls Vellum. The alternative, a
model that is prompted for JSON, would only add a prompt to build and an answer to parse; the model
that DeepEval wants nevertheless is never asked.

It ends with the chatbot, Duologue with the user. Once the simulated user has said its last, the
chatbot's part is therefore an empty message, for which nobody is called and which is left out.
"""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack

from deepeval.dataset import ConversationalGolden
from deepeval.models import DeepEvalBaseLLM
from deepeval.simulator import ConversationSimulator
from deepeval.simulator.simulation_graph import SimulationNode
from deepeval.test_case import Turn
from vellum import AsyncVellum

from benchmarks.bots import (
    History,
    chatbot,
    history_of,
    quick_client,
    said,
    seed_messages,
    simulated_user,
)
from benchmarks.measuring import TURNS, measured


def main(seeds_file: str, in_flight: int, result_file: str) -> None:
    goldens = [
        ConversationalGolden(scenario=message, turns=[Turn(role="user", content=message)])
        for message in seed_messages(seeds_file)
    ]
    opened = AsyncExitStack()
    # `simulate` is not async: it takes the thread's event loop, which is the runner's.
    with asyncio.Runner() as runner:
        client = runner.run(opened.enter_async_context(quick_client(in_flight)))
        simulator = new_simulator(client, in_flight)
        with measured() as measurement:
            test_cases = simulator.simulate(goldens, max_user_simulations=TURNS)
            measurement.conversations = [said(from_turns(case.turns[:-1])) for case in test_cases]
        runner.run(opened.aclose())
    measurement.save(result_file)


def new_simulator(client: AsyncVellum, in_flight: int) -> ConversationSimulator:
    async def answer(turns: list[Turn]) -> Turn:
        is_over = len(turns) > 2 * TURNS
        text = "" if is_over else await chatbot(client, from_turns(turns))
        return Turn(role="assistant", content=text)

    async def ask(turns: list[Turn]) -> str:
        return await simulated_user(client, from_turns(turns))

    return ConversationSimulator(
        model_callback=answer,
        simulation_graph=SimulationNode(action=ask),
        simulator_model=NeverAsked(),
        max_concurrent=in_flight,
    )


class NeverAsked(DeepEvalBaseLLM):
    """Without a model, DeepEval looks for OpenAI's key."""

    def load_model(self) -> "NeverAsked":
        return self

    def generate(self, prompt: str) -> str:
        raise NotImplementedError

    async def a_generate(self, prompt: str) -> str:
        raise NotImplementedError

    def get_model_name(self) -> str:
        return "none"


def from_turns(turns: Sequence[Turn]) -> History:
    return history_of((turn.role, turn.content) for turn in turns)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
