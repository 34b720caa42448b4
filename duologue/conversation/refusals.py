"""Refusals in an assistant's words: "I'm sorry, I can't help with that"."""

import re

from duologue.conversation.wording import wording

# A request that is declined as a whole: "that", and then nothing, a full stop or its name. What
# continues, as in "with that until you have signed in", is an answer.
_STOP = r"(?=\s*[.,;:!\u2013\u2014]|\s*$| - | (?:but|as|because|sorry)\b)"
_REQUEST = (
    r"(?: (?:kind|type|sort) of)?(?: (?:specific|particular))?"
    r"(?: (?:request|question|matter|task|topic|subject|inquiry|query|type of request))?"
)
_THAT = rf"(?:that|this|those|these|it|your request|such (?:a )?requests?){_REQUEST}{_STOP}"
_CANNOT = (
    r"(?<!if )(?<!when )(?<!why )i(?:(?: am|'m) (?:\w+ )?(?:unable|not able|not allowed|not "
    r"permitted|not programmed|not designed) to| (?:can't|cannot|can not|could not|won't|will not)"
    r"| won't be able to)(?: really| actually)?"
)
_AI = (
    r"(?:an? )?(?:ai|a\.i\.|artificial intelligence|(?:large )?language model|llm|chat ?bot|"
    r"virtual assistant)(?: (?:language model|assistant|model|chatbot|program|system))?"
)
_ADVICE = (
    r"(?:medical|legal|financial|investment|tax|professional) (?:advice|opinions?|diagnos[ie]s)"
)

_REFUSAL = re.compile(
    r"(?<!\w)(?:"
    + "|".join(
        (
            # "I cannot help you" alone is also what a passer-by says who is asked the way.
            rf"{_CANNOT} (?:help|assist)(?: you)? (?:with|on|in) {_THAT}",
            rf"{_CANNOT} assist(?: you)?{_STOP}",
            rf"{_CANNOT} (?:engage in|participate in|support|assist with) (?:\w+ )?(?:discussions?|"
            r"conversations?|content|requests?|activities|topics) (?:that|which|promoting|"
            r"involving)\b",
            rf"{_CANNOT} (?:fulfill?|comply with|accommodate|engage (?:with|in)|answer|discuss|"
            rf"talk about|participate in|respond to) {_THAT}",
            rf"{_CANNOT} (?:comply|role-?play|(?:generate|create) (?:that|this|such|any) "
            rf"(?:kind of |type of )?content|engage in this|participate in this|continue (?:with )?"
            rf"this (?:conversation|discussion|role-?play)){_STOP}",
            rf"{_CANNOT} (?:provide|give|offer|share)(?: you)?(?: with)? (?:(?:that|this|such|any) "
            rf"(?:kind of |type of )?(?:information|advice|assistance|content|help){_STOP}|"
            rf"(?:any |you )?{_ADVICE})",
            rf"as {_AI},? i(?:'m| am)? (?:can't|cannot|can not|won't|unable|not able|not allowed|"
            r"do not have the ability|don't have the ability|must decline)\b",
            r"i (?:must|have to|will have to|need to) (?:respectfully |politely )?decline"
            rf"(?: to (?:help|assist|answer|discuss|provide)|(?: {_THAT})|{_STOP})",
            rf"i(?:'m| am) not comfortable (?:with |discussing |answering |helping with ){_THAT}",
            r"(?:that|this|it)(?:'s| is| goes) against my (?:guidelines|"
            r"programming|polic(?:y|ies))\b",
            # German
            r"(?:da|dabei|damit|hierbei) kann ich (?:ihnen |dir )?(?:leider )?nicht (?:weiter)?"
            r"helfen",
            r"ich kann (?:ihnen |dir )?(?:leider )?(?:dabei|damit|hierbei|bei dieser (?:anfrage|"
            r"frage)) (?:leider )?nicht (?:weiter)?helfen",
            r"ich kann (?:diese|ihre|deine) (?:anfrage|frage) (?:leider )?nicht (?:beantworten|"
            r"erfüllen)",
            r"als (?:ein )?(?:ki|künstliche intelligenz|sprachmodell|ki-\w+)(?: \w+)?,? (?:kann|"
            r"darf) ich (?:\w+ )?(?:nicht|keine?n?)\b",
            # Spanish
            rf"no puedo (?:ayudar(?:te|le|lo|la)?|asistir(?:te|le)?) (?:con|en) (?:eso|esto|ello|"
            rf"(?:esa|esta|tu|su) (?:solicitud|petición|consulta|pregunta)){_STOP}",
            r"no puedo (?:cumplir(?: con)?|atender|responder(?: a)?) (?:esa|esta) (?:solicitud|"
            rf"petición|pregunta){_STOP}",
            r"como (?:un )?(?:una )?(?:modelo de lenguaje|ia|inteligencia artificial|asistente "
            r"(?:virtual|de ia))(?: \w+)?,? (?:yo )?no puedo\b",
            # French
            r"je (?:ne peux pas|ne suis pas en mesure de) (?:vous |t')?aider (?:avec|sur|pour) "
            rf"(?:cela|ça|(?:cette|votre) (?:demande|question)){_STOP}",
            rf"je (?:ne peux pas|ne suis pas en mesure de) (?:vous |t')aider{_STOP}",
            r"je (?:ne peux pas|ne suis pas en mesure de) (?:répondre à|satisfaire) cette "
            rf"(?:demande|question){_STOP}",
            r"en tant qu(?:'|e )(?:une? )?(?:ia|intelligence artificielle|modèle de langage|"
            r"assistant (?:virtuel|ia))(?: \w+)?,? je ne (?:peux|suis) pas\b",
            # Italian
            r"non (?:posso|sono in grado di) (?:aiutar(?:ti|la|vi)|assister(?:ti|la)) (?:con|in|su)"
            rf" (?:questo|ciò|(?:questa|quella) (?:richiesta|domanda)){_STOP}",
            r"non (?:posso|sono in grado di) (?:rispondere a|soddisfare) questa "
            rf"(?:richiesta|domanda){_STOP}",
            r"(?:come|in quanto) (?:un )?(?:modello linguistico|ia|intelligenza artificiale|"
            r"assistente virtuale)(?: \w+)?,? non (?:posso|sono in grado)\b",
            # Portuguese
            r"não (?:posso|consigo) (?:(?:te|lhe|o|a) )?(?:ajudar|auxiliar)(?:-l[oa]|-te)? (?:com|"
            rf"nisso|em) ?(?:isso|isto|(?:essa|esta) (?:solicitação|pergunta))?{_STOP}",
            r"como (?:um |uma )?(?:modelo de linguagem|ia|inteligência artificial|assistente "
            r"virtual)(?: \w+)?,? (?:eu )?não (?:posso|consigo)\b",
            # Dutch
            r"(?:daar|hier)(?:mee|bij)? kan ik (?:u |je )?(?:helaas )?niet (?:mee |bij )?helpen",
            r"ik kan (?:u |je )?(?:daar|hier)(?:mee|bij)? (?:helaas )?niet (?:mee |bij )?helpen",
            r"als (?:een )?(?:ai|taalmodel|ai-\w+)(?: \w+)?,? kan ik (?:\w+ )?(?:niet|geen)\b",
            # Polish, Russian
            rf"nie mogę (?:ci |panu |pani )?w tym pomóc{_STOP}",
            r"jako (?:model językowy|ai|sztuczna inteligencja),? nie (?:mogę|jestem w stanie)\b",
            rf"(?:я )?не могу (?:вам )?(?:\w эт[ио]м )?помочь(?: вам)?(?: \w эт[ио]м)?{_STOP}",
            r"как (?:языковая модель|ии|искусственный интеллект),? я не могу\b",
        )
    )
    + ")|(?:"
    + "|".join(
        (
            # Chinese, Japanese, Korean
            r"作为(?:一个|一名)?(?:ai|人工智能|语言模型|大?模型)\w{0,6},?我?(?:无法|不能)",
            r"(?:我)?(?:无法|不能)(?:帮助|协助)[您你](?:完成)?(?:这个|该|此)(?:请求|要求)",
            r"そのご?(?:要望|依頼|要求|リクエスト)には(?:お応え|お答え|対応)(?:できません|しかねます)",
            r"(?:aiとして|言語モデルとして)\w{0,20}(?:できません|お答えできません)",
            r"(?:ai|언어 모델)로서\w* .{0,30}(?:수 없습니다|도와드릴 수 없)",
        )
    )
    + ")"
)
_APOSTROPHES = str.maketrans("\u2019\u02bc\u00b4`", "''''")


def is_refusal(text: str) -> bool:
    """Reports whether a message declines to help in the words that models use.

    Bad news is no refusal: a support chatbot is sorry that an order is late and cannot refund it
    after 30 days. So the message has to decline the request itself, or to speak as a model. A
    refusal in other words is missed. English, German, Spanish, French, Italian, Portuguese, Dutch,
    Polish, Russian, Chinese, Japanese, Korean. The phrases started as the lists that jailbreaks
    are measured with (Zou et al. 2023, arXiv 2307.15043; XSTest, arXiv 2308.01263).
    """
    letters = wording(text).letters.translate(_APOSTROPHES)
    return _REFUSAL.search(letters) is not None
