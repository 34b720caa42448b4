"""What files and libraries call the two sides of a conversation, and who is neither."""

import re
from functools import lru_cache

from duologue.conversation.messages import Role

USER_NAMES = frozenset(
    {
        *("user", "human", "customer", "client", "end_user", "enduser", "visitor", "guest"),
        *("person", "prompter", "caller", "consumer", "requester", "human_message"),
        *("humanmessage", "humanmessagechunk", "usermessage", "user_message", "user_proxy"),
        *("simulated_user", "contact", "lead", "shopper", "buyer", "patient", "student"),
        *("external", "inbound", "incoming"),
    }
)
ASSISTANT_NAMES = frozenset(
    {
        *("assistant", "ai", "bot", "chatbot", "gpt", "chatgpt", "model", "agent", "support"),
        *("support_agent", "operator", "system_bot", "virtual_assistant", "aimessage"),
        *("aimessagechunk", "ai_message", "assistantmessage", "assistant_message", "llm"),
        *("claude", "gemini", "bard", "bing", "copilot", "api_message", "apimessage"),
        *("ai_agent", "agent_bot", "chat_bot", "virtual_agent", "human_agent", "business", "admin"),
        *("teammate", "representative", "rep", "advisor", "staff", "employee", "internal"),
        *("outbound", "outbound_api", "outbound_reply", "outgoing"),
    }
)
USER_NAMES_ABROAD = frozenset(
    {
        *("kunde", "kundin", "nutzer", "nutzerin", "benutzer", "utilisateur", "usuario", "usuário"),
        *("cliente", "utente", "klant", "gebruiker", "klient", "kund", "пользователь", "клиент"),
        *("用户", "客户", "顾客", "用戶", "客戶", "ユーザー", "顧客", "お客様", "사용자", "고객"),
        *("المستخدم", "العميل", "kullanıcı", "müşteri"),  # noqa: RUF001 - Turkish
    }
)
ASSISTANT_NAMES_ABROAD = frozenset(
    {
        *("assistent", "assistentin", "berater", "asistente", "assistente", "agente", "conseiller"),
        *("medewerker", "asystent", "ассистент", "помощник", "оператор", "бот", "助手", "客服"),
        *(
            "机器人",
            "助理",
            "アシスタント",
            "ボット",
            "オペレーター",
            "상담원",
            "어시스턴트",
            "المساعد",
            "asistan",
        ),
    }
)
TOOL_NAMES = frozenset(
    {
        *("tool", "function", "ipython", "environment", "observation", "tool_result"),
        *("tool_response", "tool_call", "function_call", "function_response", "toolmessage"),
        *("functionmessage", "tool_message", "code_interpreter", "tool_calls", "tool_output"),
    }
)
SILENT_NAMES = frozenset(["system", "developer", "systemmessage", "system_message", "instructions"])
"""Who gives instructions and is not heard by the other side."""


def role_named(name: str) -> Role | None:
    """Returns whose name this is, in any case; None where it is neither side's."""
    plain = _plain(name)
    if plain in USER_NAMES or plain in USER_NAMES_ABROAD:
        return Role.USER
    return Role.ASSISTANT if plain in ASSISTANT_NAMES or plain in ASSISTANT_NAMES_ABROAD else None


def is_tool(name: str) -> bool:
    """Checks whether a name is that of a tool: its results are not said to the other side."""
    return _plain(name) in TOOL_NAMES


def is_silent(name: str) -> bool:
    """Checks whether a name is that of whoever only instructs."""
    return _plain(name) in SILENT_NAMES


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    """Returns a name without its decoration: `Role.USER`, `<|user|>`, `User:`, `agent_2`."""
    bare = re.sub(r"\s*\(.*\)\s*$", "", name).rpartition(".")[2]
    bare = re.sub(r"^[\W_]+|[\W_]+$", "", bare.lower())
    return re.sub(r"_?\d{1,2}$", "", bare.replace("-", "_").replace(" ", "_"))
