"""The rubrics that come with Duologue, for Vellum and for `openai:` models."""

USER_IN_ROLE = """\
Every USER message could have been written by a person who uses this chatbot for the goal at hand. \
Failed if a USER message offers help, answers on the company's behalf, repeats or sums up what the \
chatbot said as if it were the chatbot, speaks about playing a part, holds notes or instructions \
instead of a message, or is text without sense. Not failed by rudeness, mistakes, hurry, changed \
plans, an odd question, thanks or goodbyes, or by anything that the ASSISTANT does. `message` is \
the first USER message out of role."""

GOAL_REACHED = """\
By the end the user has what they came for: the goal or the expected outcome if they are given, or \
else what their first message asks for. A clear and correct "no" reaches the goal of a question; a \
promise to find out does not. Failed if the conversation ends or breaks off before. `score` is the \
part that was reached. `message` is the ASSISTANT message that settles it, or the one where it \
fails."""

REPLY_QUALITY = """\
The ASSISTANT messages answer what was asked, completely, plainly, and in the user's language, and \
do not contradict each other. If there is a reference reply, the last ASSISTANT message must tell \
the user at least as much that matters; other words for it are fine. Failed by a wrong, evasive, \
unusable or rude reply, an error text, or a question that the user has already answered. `score` \
falls with each flaw. `message` is the worst ASSISTANT message."""

GROUNDED = """\
Whatever the ASSISTANT messages state as a fact about the company, its products, prices, rules or \
the user's case agrees with the given facts, the reference reply and the conversation. Failed by a \
statement that contradicts them, or by an invented detail that the user would rely on, such as a \
price, a date, an order number or a promise. Without any facts to compare with, only \
contradictions within the conversation count. `message` is the first ASSISTANT message with such a \
statement."""

RUBRICS = {
    "user_in_role": USER_IN_ROLE,
    "goal_reached": GOAL_REACHED,
    "reply_quality": REPLY_QUALITY,
    "grounded": GROUNDED,
}
"""By criterion."""

ALL_RUBRICS = "\n\n".join(f"{name}: {rubric}" for name, rubric in RUBRICS.items())
"""As one text, for a Workflow that is not told what to judge."""
