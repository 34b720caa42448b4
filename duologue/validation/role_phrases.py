"""What assistants say and users do not, by language: one table for each sign.

Small letters and straight apostrophes. Each phrase is a regular expression and starts at a word,
except in Chinese, Japanese and Korean, where nothing separates words. To add a language, add a line
to each table.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from duologue.conversation.phrases import Phrases, plain

Table = Mapping[str, tuple[str, ...]]

_NO_WORD_STARTS = frozenset({"zh", "ja", "ko"})

OFFERS: Table = {
    "en": (
        r"(?:how|what) (?:else )?(?:can|may|could) (?:i|we) (?:help|assist|do for) you\b",
        r"anything (?:else )?(?:that )?(?:i|we) can (?:help|assist|do for you)\b",
        r"(?:i|we)(?:'d| would|'ll| will|'m|'re| am| are) (?:be )?(?:\w+ )?(?:happy|glad|here|"
        r"ready|"
        r"delighted) to (?:help|assist|support|guide)\b",
        r"i(?: can|'ll| will) (?:help|assist|support) you\b",
        r"(?:may|can) i help you\b",
        r"(?:would you like|do you want) me to\b",
        r"you (?:\w+ ){0,6}?need (?:any |more |further |additional )+(?:help|assistance|support|"
        r"guidance)\b(?! (?:from|of) )",
        r"(?:help|assist) you (?:with )?(?:further|anytime|any time)\b",
        r"would you like to (?:know|hear|learn) (?:\w+ )?(?:more|else)\b",
        r"is there (?:anything|something) (?:else|specific) (?:\w+ ){0,4}?you(?:'d| would)? "
        r"(?:like|need|want) to (?:know|ask|review|discuss)\b",
    ),
    "de": (
        r"(?:wie|womit|wobei) (?:kann|darf) ich (?:ihnen|dir|"
        r"euch)(?: \w+){0,2} (?:weiter)?helfen\b",
        r"(?:kann ich|können wir) (?:sonst|sonst noch|noch) (?:etwas|was) für (?:sie|dich) tun\b",
        r"(?:gerne? )?helfe ich (?:ihnen|dir)\b|ich helfe (?:ihnen|dir) gerne?\b",
        r"was kann ich für (?:sie|dich) tun\b",
        r"(?:möchten sie|möchtest du) (?:noch |gerne? )*mehr (?:darüber|dazu|über) ?\w* ?"
        r"(?:erfahren|wissen)\b",
        r"(?:sie|du) (?:\w+ ){0,4}?(?:weitere|noch) (?:hilfe|unterstützung) (?:benötig|brauch)",
    ),
    "fr": (
        r"(?:comment|en quoi) (?:puis-je|puis je|je peux|pouvons-nous) (?:vous|t'|vous y )?"
        r"(?:aider|assister)",
        r"puis-je (?:faire autre chose|vous aider)",
        r"je (?:suis là|suis ici) pour (?:vous|t')\s?aider",
        r"je (?:serai|serais|suis) (?:ravie?|heureu(?:x|se)) de (?:vous|t')\s?aider",
        r"que puis-je faire pour (?:vous|toi)",
        r"(?:souhaitez-vous|voulez-vous|aimeriez-vous) en savoir plus\b",
        r"vous avez (?:encore |à nouveau )?besoin d'(?:aide|assistance)",
    ),
    "es": (
        r"(?:en qué|cómo|con qué) (?:más |otra cosa )?(?:puedo|podemos|podría) (?:\w+ )?"
        r"(?:ayudar|asistir|servir)",
        r"(?:puedo|podemos) ayudar(?:le|te|les) (?:en|con) (?:algo|alguna)",
        r"estoy (?:aquí|listo|lista) para ayudar",
        r"(?:estaré|estaría) encantad[oa] de ayudar",
        r"necesitas? (?:más|alguna) (?:ayuda|asistencia)",
        r"(?:te|le|les) gustaría saber (?:algo )?más\b",
        r"hay algo más (?:\w+ ){0,5}?(?:que|en lo que) (?:te|le|necesites?|quieras?|desees?)\b",
    ),
    "it": (
        r"(?:come|in (?:che|cosa|che modo)) (?:posso|possiamo) (?:aiutar|esser(?:le|ti|vi))",
        r"posso (?:aiutar|esser)(?:la|ti|le|vi)? (?:in |con )?(?:qualcos'?|altro|qualche|d'aiuto|"
        r"utile)",
        r"sono qui per aiutar",
        r"(?:sarò|sarei) (?:felice|liet[oa]) di aiutar",
        r"cosa posso fare per (?:lei|te|voi)\b",
        r"(?:vuoi|vuole|vorresti|vorrebbe|ti piacerebbe|le piacerebbe) saperne di più\b",
        r"(?:ha|hai|avesse|avessi) (?:ancora )?bisogno di (?:ulteriore )?(?:aiuto|assistenza)",
    ),
    "pt": (
        r"(?:como|em que|no que) (?:eu )?(?:posso|podemos) (?:te |lhe |o |a )?(?:ajudar|ajudá|"
        r"auxiliar)",
        r"posso (?:te |lhe )?(?:ajudar|ajudá-l[oa]) (?:em|com) (?:mais )?(?:algo|alguma)",
        r"estou (?:aqui|pronto|pronta|à disposição) para (?:te |lhe )?ajud",
        r"(?:ficarei|ficaria) feliz em (?:te |lhe )?ajud",
        r"precisar de (?:mais )?(?:ajuda|assistência)",
        r"(?:gostaria|você quer|deseja) (?:de )?saber mais\b",
    ),
    "nl": (
        r"(?:hoe|waarmee|waar) kan ik (?:u|je|jou)(?: \w+){0,2} (?:mee )?(?:helpen|"
        r"van dienst zijn)\b",
        r"kan ik (?:verder )?nog (?:iets|ergens|wat) (?:voor (?:u|je)|mee)\b",
        r"ik help (?:u|je) graag\b|ik ben er om (?:u|je) te helpen\b",
        r"wat kan ik voor (?:u|je) (?:doen|betekenen)\b",
        r"(?:u|je) (?:nog )?(?:verdere|meer|extra) hulp nodig\b",
    ),
    "ru": (
        r"(?:чем|как) (?:ещё |еще )?(?:я |мы )?(?:могу|можем|могла бы|мог бы) (?:ещё |еще )?"
        r"(?:вам |тебе )?(?:помочь|быть полез)",
        r"(?:могу|можем) (?:ли )?(?:я |мы )?(?:ещё|еще) (?:чем-|что-)\w+ (?:вам )?помочь",
        r"(?:я )?(?:буду рада?|готова?|рада?) (?:вам |тебе )?помочь",
        r"я здесь,? чтобы (?:вам |тебе )?помочь",
        r"вам (?:ещё |еще )?(?:понадобится|потребуется|нужна) (?:ещё |еще |моя |"
        r"дополнительная )?помощь",
    ),
    "zh": (
        r"(?:可以|能|能够|需要我)(?:怎么|如何|为|帮|幫)?(?:帮|幫|为|為)(?:助)?[您你](?:做|吗|什么|的|忙|吗|解决|\uff1f)",
        r"(?:有什么|还有什么|有啥)(?:可以|能|需要)?(?:我)?(?:帮|幫|为您|效劳)",
        r"(?:很)?(?:乐意|高兴)(?:能)?(?:为[您你]|帮助?[您你])",
        r"为[您你](?:做些?什么|服务)",
    ),
    "ja": (
        r"(?:お手伝い|お役に立て|サポート)(?:できる|でき|いたし|させて|します)",
        r"ご用件(?:は|を)|ご相談でしょうか",
        r"(?:何|なに)か(?:他に)?お(?:困り|手伝い)",
    ),
    "ko": (
        r"(?:무엇을|어떻게|뭘|더) ?(?:도와|도움)[ 가-힣]{0,6}(?:드릴까요|드리면|될까요)",
        r"(?:도와|도움을?) ?드리(?:겠습니다|게 되어|고 싶)",
    ),
}
"""The user offers help."""

SERVICE: Table = {
    "en": (
        r"(?:it's|that's|it is|that is|how) (?:great|wonderful|fantastic) (?:to hear )?(?:that )?"
        r"you(?:'re| are) (?:interested|considering|planning)\b",
        r"thank(?:s| you) for (?:contacting|reaching out|your (?:patience|understanding|interest)|"
        r"choosing|calling)\b",
        r"apologi[sz]e for (?:any|the) (?:inconvenience|confusion|delay)\b",
        r"i (?:\w+ )?understand your (?:concern|frustration|situation|needs)\b",
        r"i(?:'ve| have) (?:\w+ )?(?:processed|updated|cancell?ed|booked|issued|submitted|scheduled"
        r"|reserved) (?:your|you|it for you)\b",
        r"your (?:order|refund|return|booking|reservation|request|appointment|payment) (?:has been|"
        r"will be|is being|is confirmed)\b",
        r"(?:could|can|would|may|might) (?:you (?:please )?(?:provide|share|confirm)|i (?:please )?"
        r"(?:have|get|ask for)) (?:me (?:with )?)?your\b",
    ),
    "de": (
        r"(?:schön|toll|grossartig|großartig),? dass (?:sie|du) (?:sich |dich )?(?:\w+ ){0,6}?"
        r"interessier",
        r"(?:vielen )?dank für (?:ihre (?:geduld|anfrage|nachricht|anruf)|ihr (?:verständnis|"
        r"interesse)|"
        r"deine (?:geduld|anfrage))\b",
        r"ich habe (?:ihre|deine|den|die|das) (?:\w+ ){0,3}(?:für sie )?(?:gebucht|reserviert|"
        r"storniert|"
        r"bestätigt|aktualisiert)\b",
        r"(?:ihre|deine) (?:bestellung|buchung|rückerstattung|reservierung|anfrage) (?:wurde|wird|"
        r"ist)\b",
        r"(?:könnten|können|würden) sie mir (?:bitte )?ihre\b|darf ich (?:bitte )?(?:ihren|ihre|"
        r"um)\b",
        r"(?:entschuldigen|verzeihen) sie die (?:unannehmlichkeiten|verzögerung)",
        r"(?:ich verstehe|verständlich)\W+(?:ihr|ihre|ihren) (?:ärger|frust|anliegen|sorge)",
    ),
    "fr": (
        r"(?:ravie?|heureu(?:x|se)) que (?:vous soyez|tu sois) intéressée?\b",
        r"merci (?:pour|de) (?:votre (?:patience|compréhension|appel|message)|nous avoir contact)",
        r"veuillez nous excuser|(?:désolée?|navrée?) pour (?:ce|le|les|la) (?:désagrément|gêne|"
        r"délai)",
        r"votre (?:commande|réservation|remboursement|demande|rendez-vous) (?:a été|est confirm|"
        r"sera|va être)",
        r"(?:pourriez|pouvez|puis)-(?:vous|je) (?:me |m')?(?:donner|indiquer|communiquer|"
        r"confirmer|fournir|"
        r"avoir) (?:s'il vous plaît )?votre\b",
        r"j'ai (?:bien )?(?:réservé|annulé|confirmé|mis à jour|enregistré) (?:votre|la table|"
        r"pour vous)",
        r"je (?:comprends|comprend) (?:votre|vos) (?:frustration|inquiétude|préoccupation)",
    ),
    "es": (
        r"(?:qué bien|es genial|me alegra|es estupendo) que (?:te|le|les) interes[ea]",
        r"gracias por (?:(?:su|tu) (?:paciencia|comprensión|llamada|interés)|contactar|"
        r"comunicarse)",
        r"(?:disculpe|lamento|lamentamos|perdone) (?:mucho )?(?:las molestias|los inconvenientes|"
        r"el inconveniente)",
        r"(?:su|tu) (?:pedido|reserva|reembolso|solicitud|cita) (?:ha sido|está confirmad|será|"
        r"fue)",
        r"(?:podría|puede|podrías|puedes) (?:por favor )?(?:dar|indicar|proporcionar|facilitar|"
        r"confirmar)"
        r"(?:me|nos)? (?:por favor )?(?:su|tu)\b",
        r"he (?:reservado|cancelado|confirmado|actualizado|tramitado) (?:su|tu|la mesa|para)",
        r"entiendo (?:su|tu) (?:frustración|preocupación|enfado|situación)",
    ),
    "it": (
        r"grazie per (?:(?:la sua|la tua) (?:pazienza|comprensione|richiesta)|averci contattat)",
        r"(?:mi scuso|ci scusiamo) per (?:il|l'|gli) ?(?:disagi|inconvenient|disguid|attesa)",
        r"(?:il suo|la sua|il tuo|la tua) (?:ordine|prenotazione|rimborso|richiesta|appuntamento) "
        r"(?:è stat|è confermat|sarà)",
        r"(?:potrebbe|può|puoi) (?:gentilmente |per favore )?(?:dar|indicar|fornir|comunicar|"
        r"confermar)"
        r"(?:mi|ci) (?:il suo|la sua|il tuo|la tua)\b",
        r"ho (?:prenotato|annullato|confermato|aggiornato) (?:il suo|la sua|il tuo|la tua|per lei|"
        r"per te)",
        r"capisco (?:la sua|la tua) (?:frustrazione|preoccupazione|situazione)",
    ),
    "pt": (
        r"obrigad[oa] (?:pela sua (?:paciência|compreensão)|por (?:entrar em contato|contactar|"
        r"ligar))",
        r"(?:peço|pedimos) desculpas? pel[oa]s? (?:transtorno|inconveniente|incómodo|demora)",
        r"(?:o seu|a sua|seu|sua) (?:pedido|reserva|reembolso|solicitação|consulta) (?:foi|"
        r"está confirmad|será)",
        r"(?:poderia|pode) (?:por favor )?(?:me |-me )?(?:informar|fornecer|confirmar|indicar|"
        r"passar) "
        r"(?:por favor )?(?:o seu|a sua|seu|sua)\b",
        r"(?:já )?(?:reservei|cancelei|confirmei|atualizei) (?:o seu|a sua|seu|sua|"
        r"para (?:o senhor|a senhora|você))",
        r"entendo (?:a )?sua (?:frustração|preocupação|situação)",
    ),
    "nl": (
        r"(?:dank u|bedankt) voor (?:uw|je) (?:geduld|begrip|bericht|vraag|interesse)\b",
        r"(?:excuses|sorry) voor (?:het ongemak|de vertraging|het oponthoud)\b",
        r"(?:uw|je) (?:bestelling|boeking|reservering|terugbetaling|aanvraag|afspraak) (?:is|"
        r"wordt|werd)\b",
        r"(?:mag|kan) ik (?:uw|je)\b|(?:kunt|kan|zou) (?:u|je) (?:mij|me) (?:\w+ )?(?:uw|je) \w+ "
        r"(?:geven|doorgeven|bevestigen)\b",
        r"ik heb (?:uw|de|het|je) (?:\w+ ){0,2}(?:voor u |voor je )?(?:gereserveerd|geboekt|"
        r"geannuleerd|"
        r"bevestigd)\b",
        r"ik begrijp (?:uw|je) (?:frustratie|zorg|ongenoegen)\b",
    ),
    "ru": (
        r"спасибо за (?:ваше |твоё |твое )?(?:терпение|понимание|обращение|ожидание)",
        r"(?:приносим|приношу|прошу) (?:свои |наши )?извинени[яй] за",
        r"ваш[ае]? (?:заказ|бронирование|бронь|запрос|заявка|запись|возврат) (?:был|была|было|"
        r"будет|подтвержд|оформлен|измен[её]н|отмен[её]н|отправлен)",
        r"(?:назовите|укажите|сообщите|подскажите|продиктуйте),? (?:пожалуйста,? )?(?:мне )?ваш",
        r"я (?:уже )?(?:забронировала?|отменила?|оформила?|подтвердила?) (?:для вас|вам|ваш)",
        r"я? ?понимаю ваш[еуи] (?:недовольство|беспокойство|разочарование|ситуацию)",
    ),
    "zh": (
        r"(?:感谢|谢谢)[您你]的?(?:耐心|理解|联系|来电|咨询|支持)",
        r"带来的?不便|(?:给[您你])(?:造成|带来)",
        r"(?:我)?已(?:经)?(?:为|帮|给)[您你](?:预订|预定|预约|取消|办理|安排|订)",
        r"[您你]的(?:订单|预订|预约|退款|申请|请求)(?:已|将)",
        r"请(?:问)?(?:提供|告诉我|告知|出示)(?:一下)?[您你]的",
        r"(?:我)?(?:非常|很|完全)?(?:能)?理解[您你]的(?:心情|感受|困扰|担忧|不满)",
    ),
    "ja": (
        r"ご(?:連絡|理解|協力|利用)(?:いただき)?(?:、)?(?:誠に)?ありがとう",
        r"ご(?:迷惑|不便|心配)を?(?:お掛け|おかけ)",
        r"(?:予約|キャンセル|手配|手続き)(?:を)?(?:いたしました|完了しました|承りました)",
        r"(?:お名前|ご住所|ご予約番号|お電話番号|ご注文番号)(?:を|は)(?:教えて|お聞かせ|いただけ|お伺い)",
        r"かしこまりました",
    ),
    "ko": (
        r"(?:문의|연락|기다려|이해해) ?(?:해 ?)?주셔서 감사",
        r"불편을? ?(?:드려|끼쳐) ?(?:정말 )?(?:죄송|대단히)",
        r"(?:예약|주문|취소|환불|접수)(?:이|가|해)? ?(?:완료|확정|처리|도와)"
        r"(?:되었|됐|해 ?드렸|드렸)",
        r"(?:성함|주문 ?번호|연락처|전화번호|주소)(?:을|를|이|가)? ?(?:알려|말씀해) ?주(?:시|세)",
    ),
}
"""The user speaks as someone who serves."""

OPEN_DOOR: Table = {
    "en": (
        r"(?:if|should) you (?:have|need|require|ever need) (?:any )?(?:\w+ )?(?:questions?|help|"
        r"assistance|support|anything)\b",
        r"feel free to (?:ask|reach|contact)\b",
        r"(?:don't|do not) hesitate to\b",
    ),
    "de": (
        r"(?:wenn|falls|sollten) (?:sie|du) (?:noch )?(?:weitere |irgendwelche )?(?:fragen|"
        r"hilfe)\b",
        r"(?:melden sie sich|melde dich) (?:jederzeit|gerne?)\b|zögern sie nicht\b",
    ),
    "fr": (
        r"si vous avez (?:d'autres|des|besoin|la moindre)\b",
        r"n'hésitez (?:pas|surtout pas) à\b|je reste à votre (?:disposition|écoute)\b",
    ),
    "es": (
        r"si (?:tiene|tienes|necesita|necesitas) (?:alguna?|más|otra|cualquier)\b",
        r"no (?:dude|dudes) en\b|(?:quedo|estoy|estamos) a (?:su|tu) disposición\b",
    ),
    "it": (
        r"se (?:ha|hai|avete) (?:altre|qualche|bisogno|ulteriori)\b",
        r"non (?:esiti|esitare|esitate) a\b|(?:resto|sono) a (?:sua|tua|vostra|disposizione)\b",
    ),
    "pt": (
        r"se (?:tiver|precisar de|tiveres) (?:mais |alguma|outra|qualquer)",
        r"não hesite em\b|(?:fico|estou|estamos) à (?:sua )?disposição\b",
    ),
    "nl": (
        r"(?:als|mocht|indien) (?:u|je) (?:nog )?(?:meer |andere |verdere )?(?:vragen|hulp)\b",
        r"aarzel (?:dan )?niet om\b|neem gerust contact\b",
    ),
    "ru": (
        r"если (?:у вас |у тебя )?(?:возникнут|появятся|будут|остались|есть|понадобится|нужна)"
        r" (?:\w+ ){0,2}(?:вопрос|помощь)",
        r"(?:не стесняйтесь|обращайтесь)\b",
    ),
    "zh": (
        r"[您你](?:还)?(?:有|需要)\w{0,6}(?:问题|帮助|疑问)(?:\uff0c|,)?(?:请|欢迎|都|可以|随时)",
        r"随时(?:联系|告诉|问|咨询|找)我",
    ),
    "ja": (r"お気軽に(?:お|ご|どうぞ)", r"いつでも(?:お|ご)(?:声|連絡|相談)"),
    "ko": (
        r"언제든(?:지)? ?(?:말씀|문의|연락|물어)",
        r"(?:궁금한|더 필요한) (?:점|것|게)이? ?있으시",
    ),
}
"""The user leaves the door open for the other's questions."""

COURTESIES: Table = {
    "en": (r"you(?:'re| are) (?:very |most |so )?welcome\b",),
    "de": (r"(?:gern geschehen|keine ursache|nichts zu danken)\b",),
    "fr": (r"(?:je vous en prie|de rien|avec plaisir)\b",),
    "es": (r"(?:de nada|no hay de qué|con gusto)\b",),
    "it": (r"(?:prego|di niente|di nulla|si figuri)\b",),
    "pt": (r"(?:de nada|por nada|não há de quê)\b",),
    "nl": (r"(?:graag gedaan|geen dank)\b",),
    "ru": (r"(?:не за что|всегда пожалуйста)\b",),
    "zh": (r"不客气|不用谢",),
    "ja": (r"どういたしまして",),
    "ko": (r"천만에요|별말씀을요",),
}
"""The user answers thanks. Users do too, so it only counts next to another sign."""

CERTAIN: Table = {
    "en": (
        r"thank(?:s| you) (?:so much |very much )?for (?:using our|choosing (?:us|our)|contacting "
        r"(?:us|our)|shopping with us|being a (?:valued|loyal))\b",
    ),
    "de": (
        r"danke?,? dass (?:sie|du) (?:sich für uns entschieden|unseren? (?:dienste?|service|"
        r"angebote?) (?:nutz|gewählt))",
    ),
    "fr": (
        r"merci (?:d'avoir|de) (?:utilisé|utiliser|choisi|choisir) (?:nos|notre)\b",
        r"merci de (?:nous avoir choisi|votre fidélité)",
    ),
    "es": (r"gracias por (?:(?:usar|utilizar|elegir) nuestr[oa]s?|elegirnos|contactarnos)\b",),
    "it": (
        r"grazie per (?:aver (?:usato|scelto|utilizzato) (?:i nostri|il nostro)|averci scelto)",
    ),
    "pt": (r"obrigad[oa] por (?:usar|utilizar|escolher) (?:os nossos|nossos|o nosso|nosso)\b",),
    "nl": (r"(?:bedankt|dank u) voor het gebruik van onze\b",),
    "ru": (r"спасибо,? (?:что (?:выбрали|воспользовались) наш|за обращение в наш)\w*",),
    "zh": (r"(?:感谢|谢谢)[您你](?:使用|选择|联系|致电)我们",),
    "ja": (r"(?:お問い合わせ|ご利用)(?:いただき|頂き)(?:まして)?、?(?:誠に)?ありがとう",),
    "ko": (r"저희.{0,12}(?:이용해|문의해|선택해) ?주셔서",),
}
"""Thanks that only a business gives; one is enough."""

AS_AN_AI: Table = {
    "de": (
        r"als (?:eine? )?(?:ki|künstliche intelligenz|(?:großes )?sprachmodell|"
        r"virtueller assistent|"
        r"ki-\w+)(?: \w+)?,? (?:kann|habe|bin|darf|verfüge) ich\b",
        r"ich bin (?:nur |leider )?(?:eine ki|ein (?:ki-\w+|sprachmodell|chatbot|"
        r"virtueller assistent))\b",
    ),
    "fr": (
        r"en tant (?:qu'|que )(?:ia|intelligence artificielle|modèle de langage|"
        r"assistante? (?:virtuel"
        r"|ia))\w*,? (?:je|j')",
        r"je suis (?:juste |seulement )?(?:une (?:ia|intelligence artificielle)|"
        r"un (?:modèle de langage|"
        r"chatbot|assistant virtuel))\b",
    ),
    "es": (
        r"como (?:una? )?(?:ia|inteligencia artificial|modelo de lenguaje|"
        r"asistente virtual)\b,? (?:no |yo )",
        r"soy (?:solo )?(?:una (?:ia|inteligencia artificial)|un (?:modelo de lenguaje|chatbot|"
        r"asistente "
        r"virtual))\b",
    ),
    "it": (
        r"(?:come|in quanto) (?:un'|un )?(?:ia|intelligenza artificiale|modello linguistico|"
        r"assistente "
        r"virtuale)\b,? (?:non|io)\b",
        r"sono (?:solo )?(?:un'(?:ia|intelligenza artificiale)|un (?:modello linguistico|chatbot|"
        r"assistente "
        r"virtuale))\b",
    ),
    "pt": (
        r"como (?:uma? )?(?:ia|inteligência artificial|modelo de linguagem|"
        r"assistente virtual)\b,? (?:não|eu)\b",
        r"sou (?:apenas )?(?:uma (?:ia|inteligência artificial)|um (?:modelo de linguagem|chatbot|"
        r"assistente "
        r"virtual))\b",
    ),
    "nl": (
        r"als (?:een )?(?:ai|kunstmatige intelligentie|taalmodel|ai-\w+|"
        r"virtuele assistent)\b,? (?:kan|heb|ben)"
        r" ik\b",
        r"ik ben (?:maar |slechts )?een (?:ai|ai-\w+|taalmodel|chatbot|virtuele assistent)\b",
    ),
    "ru": (
        r"как (?:ии|искусственный интеллект|языковая модель|виртуальный (?:ассистент|"
        r"помощник)),? я\b",
        r"я (?:всего лишь |просто |— |- )?(?:ии|искусственный интеллект|языковая модель|чат-?бот|"
        r"виртуальный (?:ассистент|помощник))(?=\s*[.,;!]|\s*$| и )",
    ),
    "zh": (
        r"作为(?:一个|一名|一款)?(?:ai|人工智能|语言模型|虚拟助手|聊天机器人)\w{0,4}[\uff0c,]?我",
        r"我(?:只)?是(?:一个|一名|一款)?(?:ai|人工智能|语言模型|大语言模型)(?:助手|模型)?[\uff0c\u3002,.]",
    ),
    "ja": (
        r"(?:ai|人工知能|言語モデル)(?:アシスタント|モデル)?として[\u3001,]?(?:私|わたし|お答え)",
        r"私は(?:ただの)?(?:ai|人工知能|言語モデル|チャットボット)(?:アシスタント)?(?:です|なので|であり)",
    ),
    "ko": (
        r"(?:ai|인공지능|언어 ?모델)(?: ?어시스턴트| ?모델| ?비서)?(?:로서|으로서)",
        r"(?:저는|나는) (?:단지 )?(?:ai|인공지능|언어 ?모델|챗봇)(?: ?어시스턴트| ?비서)?"
        r"(?:입니다|이므로|이라)",
    ),
}
"""The user says that it is a model. English has more forms; see `out_of_role`."""


WORDS: Mapping[str, frozenset[str]] = {
    "en": frozenset(("i", "i'm", "i'd", "i'll", "you", "your", "for", "the", "to", "free")),
    "de": frozenset(("ich", "sie", "ihnen", "ihre", "ihr", "für", "dir", "und", "nicht", "keine")),
    "fr": frozenset(
        ("je", "vous", "votre", "pour", "puis-je", "de", "pas", "suis", "le", "nous", "merci")
    ),
    "es": frozenset(("en", "puedo", "por", "su", "tu", "una", "para", "de", "las", "que", "soy")),
    "it": frozenset(("posso", "per", "il", "la", "di", "sono", "non", "sua", "che", "mi", "ho")),
    "pt": frozenset(
        ("posso", "em", "seu", "sua", "de", "por", "não", "que", "você", "como", "sou")
    ),
    "nl": frozenset(("ik", "u", "uw", "je", "voor", "een", "het", "de", "niet", "geen", "graag")),
}
"""Frequent words: a message without one of them is not searched for that language's phrases."""

_FREQUENT = frozenset().union(*WORDS.values())

_SCRIPTS = {
    "ru": re.compile("[\u0400-\u04ff]"),
    "zh": re.compile("[\u4e00-\u9fff]"),
    "ja": re.compile("[\u3040-\u30ff]"),
    "ko": re.compile("[\uac00-\ud7af]"),
}


_ENGLISH = Phrases(
    *(
        phrase
        for table in (OFFERS, SERVICE, OPEN_DOOR, COURTESIES, CERTAIN)
        for phrase in table["en"]
    ),
    anchors=(
        *("help you", "assist you", "support you", "can help", "can assist", "do for you"),
        *("to help", "to assist", "to support", "to guide", "like me to", "want me to"),
        *("need any ", "need more ", "need further ", "need additional ", "apologi", "welcome"),
        *("for contacting", "for reaching", "for your ", "for choosing", "for calling"),
        *("understand your", "processed ", "updated ", "cancelled ", "canceled ", "booked "),
        *("issued ", "submitted ", "scheduled ", "reserved ", " has been", " will be", " is being"),
        *(" is confirmed", "provide ", "share ", "confirm ", " have your", " get your", "ask for "),
        *("have me ", "get me ", "if you have", "if you need", "if you require", "should you"),
        *("if you ever need", "feel free to ", "hesitate to", "like to know", "like to hear"),
        *("like to learn", " to know", " to ask", " to review", " to discuss", "interested"),
        *("considering", "planning", "for using our", "for shopping with", "for being a "),
    ),
)
"""Most messages are English, so these are searched only where one of the phrases may be."""


class PhraseTables:
    """Tables of phrases, as patterns that are quick to search for."""

    def __init__(self, *tables: Table) -> None:
        self._each = [{lang: _pattern(lang, table[lang]) for lang in table} for table in tables]
        languages = {lang for table in tables for lang in table}
        self._any = {
            lang: _pattern(lang, (p for table in tables for p in table.get(lang, ())))
            for lang in languages
        }

    def found(self, text: str) -> int:
        """Returns which tables have a phrase that is in the text: bit 0 for the first table."""
        kinds = 0
        for lang in _languages(text) & self._any.keys():
            said = plain(text)
            if self._any[lang].search(said):
                for bit, table in enumerate(self._each):
                    if lang in table and table[lang].search(said):
                        kinds |= 1 << bit
        return kinds


@lru_cache(maxsize=64)
def _languages(text: str) -> frozenset[str]:
    """Returns the languages whose phrases could be in the text."""
    said = plain(text)
    found = set()
    if frequent := _FREQUENT.intersection(said.split()):
        found = {lang for lang, words in WORDS.items() if not words.isdisjoint(frequent)}
        if not _ENGLISH.may_be_in(text):
            found.discard("en")
    if not said.isascii():
        found |= {lang for lang, script in _SCRIPTS.items() if script.search(said)}
    return frozenset(found)


def _pattern(language: str, phrases: Iterable[str]) -> re.Pattern[str]:
    start = "" if language in _NO_WORD_STARTS else r"\b"
    return re.compile(f"{start}(?:{'|'.join(phrases)})")
