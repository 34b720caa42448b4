"""Stateful participants: they are sent the latest message, and continue from an execution."""

from collections.abc import Sequence
from typing import Any

from duologue.conversation.messages import Message, Role
from duologue.errors import LostStateError
from duologue.participants.protocol import TurnContext
from duologue.participants.workflow_output import user_messages

_SEED_MESSAGES = {"simulated_user": 1}
"""Messages of a participant's own that it never made: the seed message is the simulated user's."""


def refuse_lost_state(
    chat_history: Sequence[Message], context: TurnContext, participant: str
) -> None:
    """Refuses to ask a stateful participant that would start in the middle of a conversation.

    Raises:
        LostStateError: it has replied before, and there is no execution to continue from.
    """
    own = sum(message.role is Role.ASSISTANT for message in chat_history)
    replied = own > _SEED_MESSAGES.get(context.side, 0)
    if replied and context.previous_execution_id is None:
        raise LostStateError(
            f"{participant}: turn {context.turn} of conversation {context.conversation_id} has no "
            "execution to continue from, and the mode is stateful; a conversation that it did not "
            "lead itself can only be continued with the mode stateless"
        )


def refuse_fresh_state(output: Any, context: TurnContext, participant: str) -> None:
    """Refuses a chat history that is shorter than the conversation.

    Vellum's SDK starts from an empty state, with a warning in its log, if it cannot load the state
    to continue from.

    Raises:
        LostStateError: the participant started again although it was to continue.
    """
    count = user_messages(output)
    if count is not None and context.previous_execution_id is not None and count < context.turn:
        raise LostStateError(
            f"{participant}: was to continue conversation {context.conversation_id} from the "
            f"execution {context.previous_execution_id}, but its chat history holds {count} user "
            f"messages after {context.turn} turns; the conversation has to start again from its "
            "seed message"
        )
