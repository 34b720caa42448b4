"""The phrases that close a conversation, as patterns for a whole clause.

The phrases are casefolded (ss for ß), without apostrophes, and with one space between words. A
clause may join several of them with "and". To add a phrase or a language, extend the tuple it
belongs to.
"""

# Words that start something new. None of them may follow "thank you for" or "enjoy".
_NEW_TOPIC = (
    "but|however|though|although|because|since|unless|until|before|except|instead|can|could|would|"
    "should|must|will|shall|may|might|what|when|where|which|who|whom|whose|why|how|whether|i|id|im|"
    "ive|ill|we|wed|weve|please|need|want|is|isnt|are|arent|was|wasnt|were"
)
_MORE = rf"(?: (?!(?:{_NEW_TOPIC})\b)[^\W\d_]+){{0,14}}"
"""A few words that add nothing: thank you for YOUR QUICK ANSWER."""
_AT_ALL = r"(?: (?!(?:but|however)\b)[^\W\d_]+){0,14}"
"""The same, but "I" and "need" may follow: let me know if there is anything else I CAN DO."""
_SO = "(?:(?:so|very|most|really|truly|greatly|always|just|only|much|more than|all|do|also) )*"
_I = "(?:i|we)"
_I_AM = "(?:im|i am|were|we are|ill be|well be) "
_HELP = (
    "(?:(?:any|some|more|further|additional|other|another|a|an|specific|of) )*"
    "(?:anything|something|questions?|help|assistance|support|quer(?:y|ies)|inquir(?:y|ies)|concerns?|information|info|"
    "advice|guidance|recommendations|suggestions|tips|hand|issues|ideas)"
)
_TIME = (
    "(?:day|evening|night|morning|afternoon|week|weekend|one|time|trip|flight|journey|holidays?|"
    "vacation|stay|meal|party|celebration|birthday|adventure|experience)"
)

GOODBYES = (
    r"(?:good ?bye|bye|bye bye|farewell|so long|see (?:you|ya)|good ?night)(?: then| now)?",
    rf"(?:see|talk to|catch) (?:you|ya) (?:soon|later|then|there|again|next|tomorrow){_MORE}",
    r"(?:talk|speak) soon|until (?:next time|then|we (?:meet|speak) again)",
    r"take (?:good )?care(?: of yourself)?(?: too)?",
    r"(?:i )?(?:hope you )?(?:have|enjoy) (?:a|an|your|the rest of your|the rest of the)"
    rf"(?: \w+){{0,3}}? {_TIME}{_MORE}",
    # German, Spanish, French, Italian, Portuguese, Dutch
    r"tschüss|auf wieder(?:sehen|hören)|bis (?:bald|dann)|machs gut|machen sie es gut",
    r"(?:ich wünsche (?:ihnen|dir) )?(?:noch )?(?:einen |ein )?(?:schöne[ns]?|guten) "
    r"(?:tag|abend|woche|wochenende)(?: noch)?",
    r"adi[oó]s|hasta (?:luego|pronto|la próxima)|chao|buenas noches",
    r"(?:que )?tengas? (?:un |una )?(?:buena?|excelente) (?:día|tarde|noche|fin de semana)",
    r"au revoir|à (?:bientôt|la prochaine)",
    r"(?:passez une )?(?:bonne|excellente) (?:journée|soirée|nuit)",
    r"arrivederci|a presto|ciao|buona (?:giornata|serata|notte)",
    r"tchau|adeus|até (?:logo|breve|mais)|boa noite|tenha um (?:bom|ótimo) dia",
    r"tot (?:ziens|snel)|doei|(?:nog )?(?:een )?fijne (?:dag|avond)(?: nog| verder)?",
    # Russian, Chinese, Japanese, Korean
    r"до свидания|пока|(?:хорошего дня|всего хорошего|всего доброго)",
    r"再见|拜拜|回头见|下次见|祝[您你]?(?:生活|今天|周末|旅途|购物|用餐)?愉快|祝[您你](?:度过|有)美好的一天",
    r"さようなら|失礼(?:し|いた)します|良い一日を|안녕히 (?:가|계)세요|좋은 하루 되세요",
)
"""Phrases that say goodbye, including wishes for the day."""

CLOSINGS = (
    # thanks
    rf"(?:{_I} |many |a million |big )?(?:thanks|thank|thank you|thx|ty)(?: (?:you|again|so|very|"
    rf"much|too|a|lot|million|once|also|as|well|anyway|kindly|everyone))*(?: for{_MORE})?",
    rf"(?:{_I} )?{_SO}appreciate (?:it|that|this|you|your|the|all|everything){_MORE}",
    rf"(?:you have|youve|this has|it has|its) been {_SO}(?:a |an |such )*(?:\w+ )?"
    rf"(?:help|helpful|pleasure|kind){_MORE}",
    rf"(?:no )?(?:that|this)(?:s| is| was| will be|ll be) (?:all|everything|it)(?: {_I} "
    r"(?:needed|wanted|have|had|need)(?: to know)?)?(?: for now| for today| today| now)?",
    r"nothing else|all good|(?:im|were) (?:all )?(?:set|good)(?: for now| now)?",
    # answers to thanks
    rf"(?:youre|you are|your) {_SO}welcome(?: \w+)?",
    rf"(?:(?:it was|it is|its|its been|it has been) )?{_SO}(?:(?:a|my|our|absolute) )*"
    rf"(?:pleasure|delight){_MORE}",
    r"(?:no|not a) (?:problem|worries|trouble)(?: at all)?|any ?time|dont mention it|not at all",
    rf"(?:{_I_AM})?{_SO}(?:glad|happy|pleased|delighted) (?:that )?(?:{_I} (?:could|was able to) "
    rf"(?:help|assist|be of)|to have been|to have (?:helped|assisted)|to be of){_AT_ALL}",
    rf"(?:{_I_AM})?{_SO}(?:glad|happy|pleased|delighted|thrilled) to (?:help|assist|hear{_MORE})"
    r"(?: you)?",
    # wishes
    rf"(?:{_I} )?wish(?:ing)? (?:you|you both|you all) (?:a|an|all|the|every|much|luck|success|"
    rf"well|safe|happy){_MORE}",
    rf"(?:{_I} )?hope (?:you (?:have|enjoy|feel better)|everything goes|all goes|that helps|this "
    rf"helps){_MORE}",
    r"(?:all the best|best of luck|good luck|best wishes|best regards|kind regards|safe travels|"
    r"congratulations|congrats|cheers|bon voyage|bon appétit|have fun|stay (?:safe|well)|be well|"
    rf"enjoy|happy (?:\w+ing|travels|holidays|birthday|new year)){_MORE}",
    r"(?:the )?same to you|(?:and )?(?:to )?you (?:too|as well)|likewise|and you",
    # offers of more help
    rf"(?:if|should|whenever) (?:you|there)(?:s|re)?(?: (?:is|are|ever|do|happen to|still))*"
    rf"(?: (?:have|need|require|want|think of))? {_HELP}{_AT_ALL}",
    r"(?:(?:please|just|and) )*(?:feel free|(?:dont|do not|never) hesitate)(?: to (?:reach|ask|"
    rf"contact|let (?:me|us) know|get in touch|return|come back|message|chat|call|write|stop by)"
    rf"{_AT_ALL})?",
    r"(?:(?:please|just) )*let (?:me|us) know(?: if (?:you|there)(?:s|re)?(?: (?:is|are|ever|"
    rf"have|need|require|want))* {_HELP}{_AT_ALL})?",
    rf"{_I_AM}{_SO}(?:right |still )?here(?: (?:to|for|if|whenever){_AT_ALL})?",
    rf"{_I}(?: will|ll) (?:(?:be sure to|definitely|certainly|make sure to) )*(?:reach out|"
    rf"be in touch|get in touch|come back|be back|let you know if){_AT_ALL}",
    # German, Spanish, French, Italian, Portuguese, Dutch
    r"danke(?: schön| sehr| dir| ihnen)?|(?:vielen|herzlichen|besten) dank(?: für (?:die|ihre|"
    r"deine) \w+)?|bitte(?: schön| sehr)?|gerne?(?: geschehen| doch)?|kein problem|keine ursache|"
    r"alles gute|viel (?:erfolg|spass)|ebenso|(?:ihnen|dir) auch|gleichfalls",
    r"(?:muchas |mil )?gracias(?: por (?:su|tu|la) \w+)?|de nada|con (?:mucho )?gusto|igualmente|"
    r"que (?:le|te) vaya bien|saludos|no hay de qué",
    r"merci(?: beaucoup| bien)?(?: pour (?:votre|ton) \w+)?|de rien|je (?:vous en|ten) prie|avec "
    r"plaisir|(?:à )?(?:vous|toi) aussi|à vous de même",
    r"grazie(?: mille)?|prego|di (?:nulla|niente)|anche a lei|altrettanto|(?:muito )?obrigad[oa]|"
    r"por nada|bedankt|(?:hartelijk )?dank (?:je|u)(?: wel)?|graag gedaan|geen probleem|insgelijks",
    # Russian, Chinese, Japanese, Korean
    r"(?:большое )?спасибо(?: за помощь)?|пожалуйста|не за что",
    r"(?:非常)?(?:谢谢|感谢)[您你]?(?:的帮助)?|多谢|不客气|不用(?:谢|客气)|祝[您你]?好运",
    r"(?:どうも)?ありがとう(?:ございま(?:す|した))?|どういたしまして|감사합니다|고맙습니다|천만에요",
)
"""Phrases that close without a goodbye: thanks, answers to thanks, wishes, offers of more help."""

LEAD_INS = (
    r"(?:no|nope|ok|okay|great|perfect|awesome|wonderful|excellent|amazing|fantastic|cool|nice|lovely|"
    r"brilliant|super|got it|alright|all right|understood|will do|well|oh|and|so|again|once again|"
    r"then|now|for now|thats (?:great|perfect|very kind|so kind)|alles klar|vale|daccord|perfecto|"
    r"parfait|好的|好)"
)
"""Words that lead up to a closing phrase. "Yes" and "sure" are left out on purpose: "Yes, thank
you" accepts an offer."""
