"""A simulated user that repeats its answers to the baseline while the candidate replies alike."""

from collections.abc import Mapping, Sequence

from duologue.conversation.messages import Conversation, EndReason, Message, Role
from duologue.participants.protocol import Participant, Reply, TurnContext


class FollowingUser:
    """The simulated user of `only_changed`.

    While a conversation is the baseline's word for word, the user's answer is the baseline's, and
    nothing is billed. From the first reply that differs, the real simulated user answers.
    """

    def __init__(
        self,
        user: Participant,
        conversations: Mapping[str, Conversation],
        end_marker: str,
        greeting: str | None,
    ) -> None:
        """Follows conversations.

        Args:
            user: who answers what the baseline did not say.
            conversations: of the baseline, by id; more may be added later.
            end_marker: what the user sends when it is done.
            greeting: the first message that only the simulated user sees; None if there is none.
        """
        self._user = user
        self._conversations = conversations
        self._end_marker = end_marker
        self._greeted = 1 if greeting else 0

    async def reply(self, chat_history: Sequence[Message], context: TurnContext) -> Reply:
        """Answers the latest message."""
        answer = self._said_before(chat_history[self._greeted :], context.conversation_id)
        return await self._user.reply(chat_history, context) if answer is None else Reply(answer)

    def _said_before(self, so_far: Sequence[Message], conversation_id: str) -> str | None:
        before = self._conversations.get(conversation_id)
        if before is None:
            return None
        said = before.messages
        # A farewell loop was trimmed, so what came next is unknown.
        if [m.text for m in so_far] != [m.text for m in said[: len(so_far)]]:
            return None
        following = said[len(so_far) : len(so_far) + 1]
        if following and following[0].role is not Role.USER:
            return None
        ends = len(so_far) + len(following) == len(said)
        if ends and before.end_reason is EndReason.USER_ENDED:
            return " ".join([*(m.text for m in following), self._end_marker])
        return following[0].text if following else None
