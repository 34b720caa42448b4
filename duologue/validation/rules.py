"""All rules, and how severe each is.

Invalid is what makes a conversation useless as a question to a chatbot: it is not the conversation
it should be, or a user message in it is not one. Whatever may also happen between a person and a
good chatbot is a warning, and so are the chatbot's own errors: leaving those out would hide exactly
what an evaluation is looking for. What is no error, but shows how a simulated user speaks, is
information.

To add a rule, write one function in the file where it belongs and one line here.
"""

from duologue.settings.rules import BROKEN_REPLY, Severity
from duologue.validation.both_sides import (
    COLONS,
    bare_label,
    both_sides_in_one_message,
    labelled_user,
    speaker_label,
)
from duologue.validation.broken_replies import broken_reply, machine_message, no_answer
from duologue.validation.degenerate import degenerate_message
from duologue.validation.farewells import farewell_tail
from duologue.validation.language import language_drift
from duologue.validation.manner import polite_user, verbose_user
from duologue.validation.orchestration import orchestration
from duologue.validation.out_of_role import assistant_refusal, fourth_wall
from duologue.validation.personal_data import personal_data
from duologue.validation.prompt_leak import prompt_leak
from duologue.validation.repetition import (
    assistant_echoes_user,
    loop,
    opening_restated,
    repeated_message,
    user_echoes_assistant,
    user_repeats_itself,
)
from duologue.validation.residue import (
    code_fence,
    end_marker,
    json_wrapper,
    model_token,
    placeholder,
    placeholder_in_reply,
    reasoning,
    wrapping_quotes,
)
from duologue.validation.role_flip import role_flip, score_ahead, speaks_like_assistant
from duologue.validation.rule import Rule
from duologue.validation.stage_directions import ASIDE_MARKS, stage_direction
from duologue.validation.stated_facts import fact_contradicted, fact_unused
from duologue.validation.structure import (
    broken_alternation,
    empty_message,
    hardly_a_conversation,
    no_messages,
    wrong_ending,
    wrong_length,
    wrong_opening,
)
from duologue.validation.truncation import truncation

_INVALID, _WARNING, _INFO = Severity.INVALID, Severity.WARNING, Severity.INFO

RULES = (
    # Without the right shape it is not the conversation of its seed and settings.
    Rule("no_messages", _INVALID, no_messages),
    Rule("empty_message", _INVALID, empty_message),
    Rule("hardly_a_conversation", _INVALID, hardly_a_conversation),
    Rule("broken_alternation", _INVALID, broken_alternation),
    Rule("wrong_opening", _INVALID, wrong_opening),
    Rule("wrong_length", _INVALID, wrong_length),
    Rule("wrong_ending", _INVALID, wrong_ending),
    # The user's message is really the assistant's.
    Rule("user_echoes_assistant", _INVALID, user_echoes_assistant),
    # The chatbot's own error, and rarely a false positive.
    Rule("assistant_echoes_user", _WARNING, assistant_echoes_user),
    # People insist, and chatbots have standing phrases.
    Rule("opening_restated", _WARNING, opening_restated),
    Rule("repeated_message", _WARNING, repeated_message),
    # Nothing new follows: the same question many times over.
    Rule("user_repeats_itself", _INVALID, user_repeats_itself),
    Rule("loop", _INVALID, loop),
    Rule("degenerate_message", _INVALID, degenerate_message),
    # The conversation before the tail is as good as any.
    Rule("farewell_tail", _WARNING, farewell_tail),
    # The message is half the other side's.
    Rule("both_sides_in_one_message", _INVALID, both_sides_in_one_message, COLONS),
    Rule("bare_label", _INVALID, bare_label),
    Rule("labelled_user", _INVALID, labelled_user, COLONS),
    # A single label before a message that is otherwise right.
    Rule("speaker_label", _WARNING, speaker_label, COLONS),
    # The user does not speak as one.
    Rule("role_flip", _INVALID, role_flip, ahead=score_ahead),
    # Less sure; for a judge or a person to decide.
    Rule("speaks_like_assistant", _WARNING, speaks_like_assistant, ahead=score_ahead),
    Rule("fourth_wall", _INVALID, fourth_wall),
    Rule("assistant_refusal", _INVALID, assistant_refusal),
    # Nothing but the prompt has these words.
    Rule("prompt_leak", _INVALID, prompt_leak),
    Rule("orchestration", _INVALID, orchestration),
    Rule("stage_direction", _INVALID, stage_direction, ASIDE_MARKS),
    Rule("machine_message", _INVALID, machine_message),
    # The chatbot's errors, which an evaluation is there to find; but with nobody there, ...
    Rule(BROKEN_REPLY, _WARNING, broken_reply),
    # ... there is no conversation.
    Rule("no_answer", _INVALID, no_answer),
    # What no person writes, and no chatbot should be shown.
    Rule("end_marker", _INVALID, end_marker),
    Rule("model_token", _INVALID, model_token, ("<", "[INST]", "[/INST]")),
    Rule("reasoning", _INVALID, reasoning, ("<", "[")),
    Rule("placeholder", _INVALID, placeholder),
    # May be what the user requested: a draft, code, JSON, a quotation.
    Rule("placeholder_in_reply", _WARNING, placeholder_in_reply, ("<", "[")),
    Rule("code_fence", _WARNING, code_fence, ("```",)),
    Rule("json_wrapper", _WARNING, json_wrapper, ("{",)),
    Rule("wrapping_quotes", _WARNING, wrapping_quotes),
    # People change their language too, and stop in the middle.
    Rule("language_drift", _WARNING, language_drift),
    Rule("truncation", _WARNING, truncation),
    # May be in the seed, a business's, or made up; whoever shares the dataset wants to know.
    Rule("personal_data", _WARNING, personal_data),
    # People are wrong about facts too, and some personas are to be.
    Rule("fact_contradicted", _WARNING, fact_contradicted),
    # No errors.
    Rule("fact_unused", _INFO, fact_unused),
    Rule("polite_user", _INFO, polite_user),
    Rule("verbose_user", _INFO, verbose_user),
)
