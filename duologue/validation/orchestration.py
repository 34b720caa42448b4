"""A rule on instructions of whoever runs the simulation, in the user's message."""

import re
from collections.abc import Iterator, Sequence

from duologue.conversation.messages import Message, Role
from duologue.conversation.phrases import Phrases, plain
from duologue.validation.rule import Expectations, Finding

_WHO = (
    r"(?:the )?(?:simulated |virtual )?"
    r"(?:user|customer|client|caller|patient|student|human|persona)"
)
LONGEST_OPENING = 300
"""In characters. A longer opening may be a person's prompt, with instructions of its own."""

MOST_SPACED = 0.34
"""If more of the messages have a space before a full stop, that is how the file is written."""

_HOLE = re.compile(
    r"\b(?:say|tell|ask|write|send|respond with|reply with|mention|thank|provide|give|and|the|"
    r"your|my) +[.;:!](?:\s|$)"
)
"""An instruction with a hole where its value should be."""
_PHRASES = (
    # The prompt is spoken of.
    r"\b(?:as|per|following|according to|based on) (?:the|my|your|these) (?:task|scenario|role|"
    r"persona|"
    r"system|simulation)(?:'s)? (?:requirements?|instructions?|guidelines|description|prompt|"
    r"profile|"
    r"rules)\b",
    r"\bthe (?:task|scenario|simulation) (?:requirements?|instructions?|description|"
    r"prompt) (?:says?|"
    r"states?|requires?|specif(?:y|ies)|instructs?|tells? me)\b",
    r"\bmy (?:task|scenario|system prompt|persona) (?:says?|states?|requires?|specifies|"
    r"instructs?|tells "
    r"me|is to)\b",
    rf"\b{_WHO}(?:'s|s)? (?:next|first|final|last|following) (?:message|reply|response|turn|"
    rf"utterance|line)"
    r"(?: (?:is|would be|should be|could be|will be|might be))?\s*:",
    rf"\b(?:next|final|last) {_WHO} (?:message|reply|response|turn|utterance)"
    r"(?: (?:is|would be|should be|could be|will be|might be))?\s*:",
    rf"\b(?:generate|write|produce|output|continue with) (?:the )?(?:next|final) "
    rf"(?:{_WHO} )?(?:message|reply|response|turn|utterance)\b",
    r"\b(?:remember to|you (?:must|should)|do not|don't|never) (?:stay|remain|be|break) (?:in|"
    r"out of )?"
    r"\s?(?:character|role)\b",
    # A model tells itself which part it plays.
    r"\b(?:developer|hidden|simulation) instructions\b",
    r"\b(?:i am|i'm) the user,? (?:and )?not the (?:assistant|agent|chatbot|bot)\b",
    r"\b(?:i|we) (?:now )?(?:must|should|have to|need to|am to|are to) (?:now )?"
    r"(?:continue|respond|reply|act|write|answer|speak) as (?:the|a) (?:simulated )?"
    r"(?:user|customer)\b",
    r"\bthe (?:agent|assistant|chatbot|bot) under test\b",
    r"\b(?:end|finish|conclude|terminate) the (?:conversation|dialogue|simulation|"
    r"role-?play) (?:now|here|"
    r"by|with|when|after|if|once)\b",
    r"\bthe (?:conversation|dialogue|simulation) (?:has )?(?:now )?(?:ended|ends|been (?:completed|"
    r"concluded|terminated)|is (?:now )?(?:complete|over|finished|concluded))\b",
)
_FOREIGN_PHRASES = (
    # German, French, Spanish, Italian, Portuguese, Dutch, Russian
    r"\b(?:die nächste nachricht des (?:nutzers|kunden)|la prochaine réponse (?:du client|"
    r"de l'utilisateur)|"
    r"(?:el|la) (?:siguiente|próximo|próxima) (?:mensaje|respuesta) del (?:usuario|cliente)|"
    r"il prossimo messaggio (?:dell'utente|del cliente)|a próxima mensagem do (?:usuário|cliente)|"
    r"het volgende bericht van de (?:gebruiker|klant)|следующ\w+ (?:сообщение|реплика) "
    r"(?:пользователя|клиента))\b",
    r"\b(?:wie in der aufgabe|laut (?:der )?aufgabe|gemäss (?:der )?(?:aufgabe|anweisung)|"
    r"conformément aux "
    r"instructions|según las instrucciones|secondo le istruzioni|conforme as instruções|"
    r"volgens de instructies|согласно (?:инструкции|заданию|условиям задачи)|по условию задачи)\b",
    r"\b(?:das gespräch ist (?:nun )?beendet|la conversation est terminée|"
    r"la conversación ha terminado|"
    r"la conversazione è terminata|a conversa terminou|het gesprek is beëindigd|диалог завер\w+|"
    r"(?:разговор|беседа) (?:окончен|завершен|завершён)\w*)\b",
    # Chinese, Japanese, Korean
    r"(?:用户|客户|顾客|患者)的?下一(?:条|句)(?:消息|回复|话)|(?:根据|按照)(?:任务|角色|场景)(?:要求|设定|描述)|"
    r"(?:对话|会话)(?:已经?)?(?:结束|完成)(?:了)?[\u3002)\uff09】]?\s*$|(?:ユーザー|顧客)の次の(?:メッセージ|発言|返答)|"
    r"(?:タスク|シナリオ|指示)(?:の指示|の要件)?に(?:従|基づ)|会話(?:は|が)?終了(?:しました|です)|"
    r"(?:사용자|고객)의 다음 (?:메시지|답변)|(?:지시|시나리오)에 따라|대화가 종료되었습니다",
)
# Every match of a phrase has one of these.
_ANCHORS = (
    *("requirement", "instruction", "guidelines", "description", "prompt", "profile", "rules"),
    *("my task", "my scenario", "my persona", "message", "reply", "response", "turn", "utterance"),
    *(" next line", " first line", " final line", " last line", " following line", "character"),
    *("role", "am the user", "i'm the user", "as a user"),
    *("as the user", "as a customer", "as the customer", "simulated", "under test", "conversation"),
    *("dialogue", "simulation"),
)
_FOREIGN_ANCHORS = (
    *("nachricht", "prochaine", "siguiente", "próxim", "prossimo", "volgende", "следующ"),
    *("aufgabe", "anweisung", "conformément", "instrucciones", "istruzioni", "instruções"),
    *("instructies", "согласно", "по условию", "gespräch", "conversation est", "conversación ha"),
    *("conversazione", "conversa terminou", "gesprek", "диалог", "разговор", "беседа"),
    *("下一", "任务", "角色", "场景", "对话", "会话", "の次の", "タスク", "シナリオ", "指示"),
    *("会話", "다음", "따라", "대화가"),
)
_ENGLISH = Phrases(*_PHRASES, anchors=_ANCHORS)
_FOREIGN = Phrases(*_FOREIGN_PHRASES, anchors=_FOREIGN_ANCHORS)


def orchestration(messages: Sequence[Message], expected: Expectations) -> Iterator[Finding]:
    """Catches instructions for the simulated user in its message: "The next user message is: ...".

    Also those with a hole where a value should be ("Say goodbye and .") and notes that the
    conversation is over. Holes do not count in transcripts with a space before each full stop.
    Phrases in twelve languages. Known false positives: people who talk about writing dialogues.
    """
    is_tokenised = sum(" ." in message.text for message in messages) > MOST_SPACED * len(messages)
    for index, message in enumerate(messages):
        is_prompt = index == 0 and len(message.text) > LONGEST_OPENING
        if message.role is not Role.USER or message.text == expected.seed_message or is_prompt:
            continue
        if found := _instruction(message.text, not is_tokenised):
            yield Finding(index, f"holds an instruction for the user: `{found[0].strip()[:60]}`")


def _instruction(text: str, with_holes: bool) -> re.Match[str] | None:
    may_have_hole = with_holes and (" ." in text or " ;" in text or " :" in text or " !" in text)
    hole = _HOLE.search(plain(text)) if may_have_hole else None
    return hole or _ENGLISH.search(text) or _FOREIGN.search(text)
