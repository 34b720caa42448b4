import json

import pytest

from duologue.validation.broken_replies import broken_reply, machine_message, no_answer
from tests.validation.talking import found_at, talk

BROKEN = {
    "an error": "Error: connection refused",
    "an HTTP error": "500 Internal Server Error",
    "an API error": "API Error: 429 rate limit exceeded",
    "an exception": "ValueError: could not convert string to float",
    "a German error": "Fehler: Verbindung unterbrochen",
    "a Russian error": "Ошибка: сервер недоступен",
    "a Chinese error": "错误\uff1a服务不可用",
    "an apology of a machine": "Oops! Something went wrong.",
    "a Python trace": 'Traceback (most recent call last):\n  File "bot.py", line 3\nKeyError: 1',
    "a Java trace": "java.lang.NullPointerException: x\n\tat com.shop.Bot.reply(Bot.java:12)",
    "a Node trace": "TypeError: x is undefined\n    at reply (/srv/bot.js:10:5)",
    "a tool call": json.dumps({"name": "get_order", "arguments": {"id": "1001"}}),
    "tool calls": json.dumps([{"function": {"name": "get_order"}, "type": "function"}]),
    "a fenced tool call": "```json\n" + json.dumps({"tool": "search", "query": "lamp"}) + "\n```",
    "a tagged tool call": '<tool_call>{"name": "search"}</tool_call>',
    "a call": "get_order(order_id='1001')",
    "an agent's step": "Thought: I should look it up.\nAction: search[lamp]",
    "notes": "Internal note: the customer is angry, offer 10%.",
    "thoughts": "The user wants to know where the order is. I should ask for the number.",
    "a channel": "analysisThe user asks for help.assistantfinalHello!",
    "thoughts aloud": "Okay, so I need to figure out what the customer wants. I remember it.",
    "a plan": "Alright, let's break this down. The user wants to know the price.",
    "a doubt": "Wait, but the user said they already paid. So I should apologize.",
    "a process": "Here's a thinking process:\n\n1.  **Analyze User Input:**\n   - Route: Oslo",
    "a channel's mark": "<|channel>thought\nThey ask for help.<channel|>Hello!",
    "one character": "0" * 400,
    "Mistral's tool calls": '[TOOL_CALLS] [{"name": "lookup", "arguments": {"id": 5512}}]',
    "a page": "<html><head><title>502 Bad Gateway</title></head></html>",
    "a proxy": "upstream connect error or disconnect/reset before headers",
    "an object": "AIMessage(content='It is on its way.')",
    "objects": "[TextBlock(text='It is on its way.', type='text')]",
    "an object's fields": "content='It is on its way.' additional_kwargs={} id='1'",
    "an error in words": "An error occurred: RateLimitError: 429",
    "no number": "NaN",
}
GOOD = [
    "Okay, so I need to know your order number first. Could you share it?",
    "First, let me ask: which of our customers' guides do you have?",
    "So the customer service is open until six. Shall I connect you?",
    "I am sorry, there was an error in your invoice. I have corrected it.",
    "An error on your side is unlikely.",
    "An error occurred when we charged your card; nothing is lost.",
    "Nancy will call you back.",
    "Content: cotton. It can be washed.",
    "Your order was placed at 10:05 and left at noon (line 3 of the receipt).",
    "The customer is always right, as they say.",
    '{"colour": "red", "size": 42}',
    "```python\nraise ValueError('x')\n```",
    "Use `get_order(id)` for that.",
    "404 is the room on the fourth floor.",
    "Nothing was charged. Can I do anything else?",
]


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_reply_that_is_none_is_found(text: str) -> None:
    assert found_at(broken_reply, talk("Hello", text, "What?", "Sorry, it is on its way.")) == [1]
    assert found_at(broken_reply, talk("Hello", "Hi", text)) == []
    assert found_at(no_answer, talk("Hello", text, "What?", text)) == [None]
    assert found_at(no_answer, talk("Hello", text, "What?", "Sorry, it is on its way.")) == []


@pytest.mark.parametrize("text", GOOD)
def test_replies_about_errors_code_and_data_are_fine(text: str) -> None:
    assert found_at(broken_reply, talk("Hello", text)) == []
    assert found_at(machine_message, talk("Hello", "Hi", text)) == []


@pytest.mark.parametrize("kind", ["an error", "a tool call", "thoughts"])
def test_a_user_message_that_a_machine_wrote_is_found(kind: str) -> None:
    assert found_at(machine_message, talk("Hello", "Hi", BROKEN[kind])) == [2]
    assert found_at(machine_message, talk(BROKEN[kind], "Hi")) == [], "a person may paste it"
