"""What customers want, as data: goals, the questions they lead to, and how they end.

A goal is told from the words of the seed message. Its questions are asked one at a time, those
first that pick up what the chatbot has just said: `after` is a pattern in the chatbot's latest
message, and its groups fill the fields `{0}`, `{1}` of the texts. A question is left out once
`unless` is found anywhere in the conversation; it may hold the field `{other_day}`. Of several
texts each conversation uses one.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """Something a customer may ask, in more than one wording."""

    texts: tuple[str, ...]
    after: str = ""
    unless: str = ""


@dataclass(frozen=True)
class Goal:
    """What a customer came for."""

    keys: str
    """Words of a seed message that tell this goal."""
    words: str
    """Words that only hint at it."""
    foreign: str
    """Words for it in Spanish, French and German."""
    opening: tuple[str, ...]
    """Ways to ask for it from scratch, or in other words when the first try was not understood."""
    questions: tuple[Question, ...]
    content: tuple[Question, ...] = ()
    """Last words that suit this goal when it is reached."""
    least_questions: int = 1
    """Which a customer with this goal asks after the seed message, whatever it is told."""
    most_questions: int = 3


HOURS = Goal(
    keys="open opens opening close closes closing hours closed holiday christmas easter",
    words="until late sunday saturday monday tuesday wednesday thursday friday weekend today "
    "tonight tomorrow when time weekday",
    foreign="horario abierto abren abre cierran hora horas ouvert ouverture heures fermez geöffnet "
    "offen öffnungszeiten uhr wann",
    opening=(
        "When do you close on Saturdays?",
        "What are your opening hours?",
        "I just want to know your opening hours",
    ),
    questions=(
        Question(
            ("And on {other_day}s?", "What about {other_day}s?"),
            after=r"\b(?:on|a) [A-Z][a-z]+day|^[A-Z][a-z]+day",
            unless=r"(?i){other_day}|what about|and on",
        ),
        Question(
            (
                "Can I still come in at, say, ten minutes before {0}?",
                "If I get there shortly before {0}, is that too late?",
            ),
            after=r"(?:to|until|at) (\d+(?::\d\d)? [ap]m)",
            unless="last minute",
        ),
        Question(
            ("Is it very busy on a {0}?", "Do I have to queue on a {0}?"),
            after=r"\b(Saturday|Sunday|Thursday|Friday)s? (?:we're open|it is)|on a (\w+day)",
            unless="queue|quiet|busy|calm",
        ),
        Question(
            ("Is there parking nearby?", "Can I park somewhere close?"),
            unless="(?i)car park|parking",
        ),
        Question(
            ("Same times on public holidays?", "Are you open on holidays as well?"),
            unless="(?i)holiday|christmas",
        ),
    ),
    content=(
        Question(
            (
                "{0} works for me. Thanks![END]",
                "{0}, perfect. See you then![END]",
                "ok so {0}. I'll be there, thanks[END]",
            ),
            after=r"(?:to|until|at) (\d+(?::\d\d)? [ap]m)",
        ),
        Question(
            (
                "Great, that's all I needed. Thanks![END]",
                "Good, then I'll come by after work. Thank you![END]",
            ),
        ),
    ),
    least_questions=0,
    most_questions=2,
)

REFUNDS = Goal(
    keys="money refund refunds refunded return returns returning exchange exchanges swap",
    words="back unhappy send policy give like",
    foreign="reembolso devolución devolver devoluciones remboursement retour rendre rembourser "
    "rückgabe zurückgeben erstattung umtausch umtauschen",
    opening=(
        "Can I give something back if I don't like it?",
        "I'd like to return something, how does that work?",
        "How do returns work at your shop?",
    ),
    questions=(
        Question(
            (
                "Is that {0} days from when I ordered it, or from when it got here?",
                "Do the {0} days count from the purchase or from delivery?",
            ),
            after=r"within (\d+) days for|^In short: (\d+) days|(\d+)[- ]days? (?:return|window)",
            unless="days start|reaches you",
        ),
        Question(
            (
                "I've already used it twice though. Is it still ok to return?",
                "What if it's been opened and used a bit?",
            ),
            after=r"(?i)clean|complete|unused|condition|packaging",
            unless="(?i)opened|tried out",
        ),
        Question(
            (
                "I threw the box away, is that a problem?",
                "The box is a bit torn, does that matter?",
            ),
            after=r"(?i)original (?:box|packag)",
            unless="(?i)threw|torn",
        ),
        Question(
            (
                "And who pays if I send it back by mail?",
                "If I send it back, do I have to pay the postage?",
            ),
            after=r"(?i)send it back|by mail|return it|ship it back|the day you buy|reaches you",
            unless="(?i)label|postage",
        ),
        Question(
            (
                "How long does it take to get my money back?",
                "When would I get the money back on my card?",
            ),
            unless=r"(?i)working days|business days",
        ),
        Question(
            (
                "I don't have the receipt anymore. Does it work without?",
                "Do I need the receipt for that?",
            ),
            unless="(?i)receipt",
        ),
        Question(
            ("It was a gift, by the way. Can I still return it?",),
            after=r"(?i)card you paid|way you paid|original payment",
            unless="(?i)gift",
        ),
        Question(
            ("Does that go for sale items too?", "Is it the same for sale items?"),
            unless="(?i)sale item",
        ),
    ),
    content=(
        Question(
            (
                "Only ${0}, fine. I'll put it in the mail this week then.[END]",
                "${0} off is fair enough. Thanks for the help.[END]",
            ),
            after=r"\$(\d+) comes off",
        ),
        Question(
            (
                "Ok, then I'll bring it in this week. Thanks![END]",
                "Good, that settles it. Thank you[END]",
                "That's fair. I'll drop it off tomorrow, bye![END]",
            ),
        ),
    ),
    least_questions=3,
    most_questions=4,
)

WARRANTY = Goal(
    keys="warranty warranties guarantee guaranteed warrenty waranty garantee protection",
    words="plan cover covered coverage year years extended",
    foreign="garantía garantia garantie gewährleistung",
    opening=(
        "What would a longer guarantee cost me for {appliance}?",
        "How does the guarantee work for {appliance}?",
    ),
    questions=(
        Question(
            (
                "${0}, ok. Does that cover it if I drop the thing?",
                "So ${0} for the year. Does it include accidents too?",
            ),
            after=r"\$(\d+) for one",
            unless="(?i)accident|drop",
        ),
        Question(
            (
                "Hm. Is it worth it then, in your opinion?",
                "No accidents, hm. Is it really worth it then?",
            ),
            after=r"(?i)(?:are|is) not covered|not included|doesn't cover|excluded",
            unless="(?i)worth",
        ),
        Question(
            (
                "Do I have to decide now or can I add it later?",
                "Can I still add it later, or only when I buy?",
            ),
            unless=r"(?i)90 days|later",
        ),
        Question(
            (
                "And how would I claim it if something breaks?",
                "If it breaks, what do I have to do to use the warranty?",
            ),
            unless="(?i)claim|use the warranty",
        ),
        Question(
            ("If I sell it one day, does the warranty transfer?",),
            unless="(?i)transfer|passes",
        ),
        Question(
            ("{0} days, good. Can I cancel the warranty again if I change my mind?",),
            after=r"(\d+) days from the purchase",
            unless="(?i)cancel",
        ),
    ),
    content=(
        Question(
            (
                "Ok, then I'll skip it for {appliance}. Thanks for being honest![END]",
                "Honest answer, thanks. I'll think about it.[END]",
            ),
            after="(?i)frankly|honest|hardly anybody",
        ),
        Question(
            (
                "Makes sense, I use it daily. I'll take the extra year then.[END]",
                "Every day, yes. Ok, I'll add it. Thanks![END]",
            ),
            after="(?i)if you use it every day",
        ),
        Question(
            (
                "{0} days is plenty to think about it. Thanks, bye[END]",
                "Good, {0} days. Then I'll wait and see. Thank you![END]",
            ),
            after=r"(\d+) days from the purchase",
        ),
        Question(
            (
                "Alright, then I'll take the one year. Thanks![END]",
                "Good enough for me, I'll add it when I'm in the shop.[END]",
            ),
            after=r"\$\d+ for one",
        ),
        Question(
            (
                "Ok, that answers it. Thank you![END]",
                "Good, that's what I wanted to know. Thanks[END]",
            ),
        ),
    ),
)

REPAIRS = Goal(
    keys="stopped anymore dead fuse grinding noise smell repair repairs repaired fix fixed mend "
    "leaking leaks",
    words="broken broke working works work turn",
    foreign="reparar reparación réparer réparation reparatur reparieren kaputt roto",
    opening=("Can you repair {appliance}?", "My {bare} stopped working. Can you fix it?"),
    questions=(
        Question(
            (
                "What does a repair of {appliance} cost?",
                "How much would it cost to fix {appliance}?",
            ),
            unless=r"(?i)typical repair|reckon with",
        ),
        Question(
            (
                "Around ${0}, ok. How long does the repair take?",
                "How long does a repair take? I use it every day.",
            ),
            after=r"\$(\d+) (?:once|for)",
            unless="(?i)three to five|repair take",
        ),
        Question(
            ("How long does a repair take?",),
            unless="(?i)three to five|repair take",
        ),
        Question(
            (
                "That's a long time. Can I borrow one meanwhile?",
                "Could I get a loaner in the meantime?",
            ),
            after=r"(?i)to five working days|about ten",
            unless="(?i)lend|loaner|borrow",
        ),
        Question(
            ("Do I need an appointment?", "Can I just walk in or do I need an appointment?"),
            unless="(?i)appointment",
        ),
        Question(
            ("And if it breaks again after the repair?",),
            unless="(?i)six months|breaks again",
        ),
    ),
    content=(
        Question(
            (
                "Ok, I'll bring it in this week. Thanks![END]",
                "Alright, I'll drop it off then[END]",
                "Good, then it's worth trying. See you![END]",
            ),
        ),
    ),
)

DELIVERY = Goal(
    keys="delivery deliver delivers shipping ship ships shipment postage courier express "
    "international",
    words="canada abroad arrive overseas fast long",
    foreign="envío envio entrega livraison expédition lieferung versand liefern",
    opening=("What does delivery cost?", "How much do you charge for shipping?"),
    questions=(
        Question(
            (
                "${0} is ok. Is there anything faster?",
                "Do you have express as well? I need it by {day}.",
            ),
            after=r"\$(\d+\.\d\d)",
            unless="(?i)express",
        ),
        Question(
            (
                "And if I order this afternoon, when would it arrive?",
                "How long does it take to arrive?",
            ),
            unless="(?i)working days|next working day|a week",
        ),
        Question(
            (
                "I'm at work all day. What if I'm not home?",
                "What happens if I'm not at home when it comes?",
            ),
            unless="(?i)not home|at home|neighbor",
        ),
        Question(
            (
                "If I order after {0}, is it a day later?",
                "And if I only order after {0}?",
            ),
            after=r"before (\d+ [ap]m) (?:are|and it)",
            unless="(?i)day later|have to order",
        ),
        Question(
            ("Can I also pick it up at the shop?", "Is pickup in the shop possible instead?"),
            unless="(?i)collect|pick up|pickup",
        ),
    ),
    content=(
        Question(
            (
                "Ok, for ${0} I'll take that. Thank you![END]",
                "${0}, deal. I'll order tonight.[END]",
            ),
            after=r"\$(\d+(?:\.\d\d)?)(?= and arrives| for| takes)",
        ),
        Question(
            (
                "ok I'll order tonight then. thanks[END]",
                "Perfect, that works. Thanks![END]",
            ),
        ),
    ),
)

ORDER = Goal(
    keys="order ordered parcel package tracking track delayed",
    words="arrived waiting cancel kc confirmation address late",
    foreign="pedido paquete commande colis bestellung paket",
    opening=(
        "I'm waiting for my order. Can you check where it is?",
        "Can you look up order {order}?",
    ),
    questions=(
        Question(
            (
                "Two days, hm. Can I still change the address?",
                "Not packed and gone yet? Then could I still change the address?",
            ),
            after=r"(?i)waiting for the courier|being packed",
            unless="(?i)redirect|address",
        ),
        Question(
            (
                "Between {0} and {1} I'm at work. Can they leave it with a neighbor?",
                "I won't be home before {1}. What happens if I'm not home?",
            ),
            after=r"between (\d+ [ap]m) and (\d+ [ap]m)",
            unless="(?i)neighbor",
        ),
        Question(
            (
                "Then send the rest ahead, please, I need it. Is that extra?",
                "Ok, send the rest then. Does the second parcel cost extra?",
            ),
            after="(?i)rest can go ahead|ship the rest",
            unless="(?i)extra cost",
        ),
        Question(
            (
                "Signed for by whom? I never got anything. Which neighbor?",
                "Which neighbor signed for it? Nobody told me.",
            ),
            after="(?i)signed for",
            unless="(?i)which neighbor",
        ),
        Question(
            (
                "Oh good. Do I need to bring anything to collect it?",
                "Nice. Can someone else collect it for me?",
            ),
            after="(?i)ready for collection",
            unless="(?i)somebody else",
        ),
        Question(
            ("Can I still cancel it?", "And if I don't want it anymore, can I cancel?"),
            unless="(?i)cancel",
        ),
        Question(
            ("How can I reach someone if it doesn't show up?",),
            after="(?i)order KC|courier|supplier|next door",
            unless="555|(?i:phone|call)",
        ),
    ),
    content=(
        Question(
            ("Ok, I'll ask next door. Thanks[END]", "I'll try the neighbors first then. Bye[END]"),
            after="(?i)next door",
        ),
        Question(
            (
                "Ok, then I'll come by and get it. Thanks![END]",
                "Great, I'll pick it up after work.[END]",
            ),
            after="(?i)with the same number|ready for collection",
        ),
        Question(
            (
                "Ok, I'll leave it as it is then. Thanks.[END]",
                "Good to know. I'll wait and see, thanks[END]",
            ),
            after="(?i)cancel",
        ),
        Question(
            ("ok, that's fair. thanks[END]", "Good, thank you for sorting it out.[END]"),
            after="(?i)no extra cost|redirect",
        ),
        Question(
            ("Ok, I'll call if it isn't there by then. Thanks[END]",),
            after="555",
        ),
        Question(
            (
                "Alright, I'll wait then. Thanks[END]",
                "ok good, thanks for checking[END]",
                "Good, at least I know where it is now. Thank you.[END]",
            ),
        ),
    ),
    most_questions=2,
)

DAMAGED = Goal(
    keys="damaged defective faulty cracked dented scratched",
    words="damage missing wrong item broken arrived came crack box received",
    foreign="dañado roto défectueux cassé beschädigt defekt falsch",
    opening=("My {bare} came with a crack in it. What now?",),
    questions=(
        Question(
            (
                "I didn't take a photo and the box is gone. Is that a problem?",
                "Does it have to be a photo? My camera is broken too.",
            ),
            after="(?i)photo|picture",
            unless="(?i)without a photo|be a photo",
        ),
        Question(
            (
                "And the broken one, do I have to send it back?",
                "What do I do with the old one, send it back?",
            ),
            unless="(?i)send it back|takes the damaged",
        ),
        Question(
            ("I'd rather have my money back than a new one. Can I get a refund?",),
            after="(?i)replacement|new one",
            unless="(?i)refund",
        ),
        Question(
            ("How long until the new one is here?", "When would the replacement arrive?"),
            unless="(?i)working day|new one is here",
        ),
    ),
    content=(
        Question(
            (
                "Ok, I'll send it over tonight. Thanks.[END]",
                "Good, that's what I hoped for. Thanks![END]",
            ),
        ),
    ),
)

PAYMENT = Goal(
    keys="american accept charged declined pay payment payments paypal installment installments "
    "instalments "
    "invoice amex visa mastercard financing",
    words="credit card cards cash apple google monthly tax crypto bitcoin",
    foreign="pagar pago tarjeta payer paiement carte bezahlen zahlung karte",
    opening=("How can I pay at your shop?", "Which cards do you take?"),
    questions=(
        Question(
            (
                "Ok. And if it's still there after that?",
                "And what if it's still charged after three days?",
            ),
            after="(?i)drops off|charged twice",
            unless="(?i)screenshot|still there",
        ),
        Question(
            (
                "Can I pay in installments too?",
                "Is paying monthly possible for something bigger?",
            ),
            unless="(?i)monthly|installment",
        ),
        Question(
            (
                "Only from ${0} on? Ok. Do you do a credit check for that?",
                "And for that, do you check my credit score?",
            ),
            after=r"From \$(\d+) on",
            unless="(?i)credit check|credit score",
        ),
        Question(
            ("Do the prices include tax?", "Are taxes on top of that?"),
            unless="(?i)tax",
        ),
        Question(
            ("I'd need an invoice with my company on it. Do you do that?",),
            unless="(?i)invoice",
        ),
    ),
    content=(
        Question(
            ("Ok, I'll keep an eye on it. Thanks.[END]", "I'll wait the three days then.[END]"),
            after="(?i)drops off|screenshot to",
        ),
        Question(("Good, then I'll bring my card. Thanks![END]", "ok that works, thx[END]")),
    ),
    most_questions=2,
)

GIFT_CARDS = Goal(
    keys="gift gifts giftcard voucher vouchers certificate wrap wrapping wrapped",
    words="present birthday card",
    foreign="regalo cadeau gutschein geschenk",
    opening=("Do you have gift vouchers?", "I'm looking for a gift card for my sister"),
    questions=(
        Question(
            ("Do they expire?", "And how long are they valid?"),
            after="(?i)gift cards|work online|printed|balance",
            unless="(?i)five years|expire",
        ),
        Question(
            (
                "Up to ${0}, ok. Can she use it online as well?",
                "Can you use them online or only in the shop?",
            ),
            after=r"to \$(\d+)",
            unless="(?i)work online|use it online",
        ),
        Question(
            ("Do you wrap things too?", "Can you gift wrap something as well?"),
            unless="(?i)wrap",
        ),
        Question(
            ("What if she loses the card?", "And if it gets lost?"),
            after="(?i)gift cards?|printed|balance",
            unless="(?i)lost",
        ),
        Question(
            (
                "${0} is ok. Can you send it directly to her, without the price?",
                "Could you ship the gift straight to my friend?",
            ),
            after=r"wrap anything for \$(\d+)",
            unless="(?i)straight to",
        ),
    ),
    content=(
        Question(("Lovely, I'll get one. Thanks![END]", "She'll like that. Thank you, bye[END]")),
    ),
)

PRICES = Goal(
    keys="match cheaper discount discounts student coupon promo promotion loyalty sale sales deal "
    "deals",
    words="price code amazon competitor points offer lower prices",
    foreign="precio descuento prix réduction remise preis rabatt",
    opening=(
        "I found {appliance} cheaper elsewhere. Do you match that?",
        "Do you have any discount codes?",
    ),
    questions=(
        Question(
            (
                "It's on a marketplace, does that count?",
                "The seller is some third party on Amazon. Does that count?",
            ),
            after="(?i)match the price|same model",
            unless="(?i)marketplace",
        ),
        Question(
            (
                "And if I find it cheaper after I bought it?",
                "{0} days, good. How do I show you the offer, is a screenshot enough?",
            ),
            after=r"(\d+) days after",
            unless="(?i)screenshot|the difference",
        ),
        Question(
            ("Can I combine that with a sale?", "Does the {0} % work on top of sale prices?"),
            after=r"(\d+) %",
            unless="(?i)one discount",
        ),
        Question(
            ("When is the next sale?", "Is there a sale coming up?"),
            unless="(?i)January|sales are",
        ),
        Question(
            ("Do you have some sort of loyalty card?",),
            unless="(?i)club|loyalty",
        ),
    ),
    content=(
        Question(("Good, then I'll buy it from you. Thanks![END]", "nice, that helps. bye[END]")),
    ),
)

STOCK = Goal(
    keys="stock available sell brand brands color colors recommend",
    words="have buy toaster kettle mixer blender espresso coffee machine fryer juicer waffle "
    "cooker microwave maker processor much cost price prices does iron",
    foreign="tienen venden vendez avez verkaufen habt",
    opening=("Do you sell {appliance}?", "How much is {appliance} at your shop?"),
    questions=(
        Question(
            ("When will it be back?", "Can you put one aside for me when it's back in?"),
            after="(?i)out of stock|sold out|unavailable",
            unless="(?i)list and texts|put one aside",
        ),
        Question(
            (
                "${0}, alright. Can I try it out in the shop first?",
                "For ${0} I'd like to see it first. Can I try it out?",
            ),
            after=r"(?:at|is) \$(\d+)(?![\d.])",
            unless="(?i)tried out|try it",
        ),
        Question(
            ("What colors does it come in?", "Does it come in red?"),
            unless="(?i)colou?rs|steel|red",
        ),
        Question(
            ("And what would delivery cost?", "Do you deliver it too?"),
            unless="(?i)delivery is|deliver",
        ),
        Question(
            ("What if I don't like it, can I return it?",),
            unless="(?i)return|refund",
        ),
        Question(
            ("Is there a cheaper one, maybe refurbished?", "Do you have used ones as well?"),
            after=r"(?:at|is) \$(\d{3})",
            unless="(?i)refurbished|used",
        ),
    ),
    content=(
        Question(
            ("Good, I'll come and have a look. Thanks![END]", "ok I'll think about it, thx[END]")
        ),
    ),
)

LOCATION = Goal(
    keys="located location directions parking park wheelchair accessible dog dogs",
    words="where address find street bus station near store shop",
    foreign="dónde dirección adresse où trouver parken anfahrt",
    opening=("Where is your shop?", "How do I get to you?"),
    questions=(
        Question(
            ("Can I park there?", "Is there parking somewhere near?"),
            unless="(?i)car park|parking",
        ),
        Question(
            ("How far is the walk from the station?",),
            after="(?i)station|mill lane|bakery",
            unless="(?i)on foot",
        ),
        Question(
            ("Can I bring my dog?", "Is my dog allowed inside?"),
            unless="(?i)dog",
        ),
        Question(
            ("And until when are you open on {day}?", "Are you open on {day}s?"),
            unless=r"(?i)\d [ap]m",
        ),
    ),
    content=(Question(("Found it on the map. Thanks![END]", "ok, see you on {day}[END]")),),
)

CLASSES = Goal(
    keys="class classes course courses workshop workshops lesson lessons tasting barista",
    words="baking cooking learn",
    foreign="curso clase cours atelier kurs",
    opening=("Do you hold any cooking classes?",),
    questions=(
        Question(
            (
                "${0} sounds fair. How do I book a place?",
                "Is there a place left? How do I sign up?",
            ),
            after=r"\$(\d+)",
            unless="(?i)eight places|sign up",
        ),
        Question(
            ("Can I bring my daughter? She's eleven.", "Is it ok for beginners?"),
            unless="(?i)children|beforehand",
        ),
        Question(
            ("And if I have to cancel?", "What if I can't come after all?"),
            unless="(?i)two days before",
        ),
    ),
    content=(
        Question(("Sounds fun, I'll book it. Thanks![END]", "great, looking forward to it[END]")),
    ),
    most_questions=2,
)

RECYCLING = Goal(
    keys="recycle recycling dispose disposal rid",
    words="old trade waste take",
    foreign="reciclar recycler entsorgen",
    opening=("Can I leave my old {bare} with you?",),
    questions=(
        Question(
            ("Do I get anything for it?", "Is it worth something if I buy a new one?"),
            unless=r"(?i)\$5 off|get anything",
        ),
        Question(("What happens to it then?",), unless="(?i)usable parts"),
        Question(("Until when can I drop it off on a {day}?",), unless=r"(?i)\d [ap]m"),
    ),
    content=(
        Question(("Good, one thing less in the cellar. Thanks![END]", "ok I'll bring it by[END]")),
    ),
    most_questions=2,
)

PARTS = Goal(
    keys="model serial spare parts jug lid seal gasket filter filters blade accessory descale "
    "descaling",
    words="part replacement",
    foreign="repuesto pièce ersatzteil",
    opening=("I need a new seal for {appliance}. Do you have parts?",),
    questions=(
        Question(
            ("Where do I find the model number?",),
            after="(?i)model number",
            unless="(?i)plate underneath, above",
        ),
        Question(
            ("What do spare parts cost, roughly?", "How much would such a part be?"),
            after=r"(?i)\bparts?\b|seal|jug",
            unless=r"\$4 to",
        ),
        Question(
            ("A week is ok. Can you mail it to me?", "Could you ship it to me?"),
            after="(?i)a week",
            unless="(?i)delivery",
        ),
        Question(
            ("And how often should I descale it?",),
            after="(?i)number is on|wash",
            unless="(?i)once a month",
        ),
    ),
    content=(
        Question(
            ("Great, I'll look for the number and come by. Thanks![END]", "ok thank you[END]")
        ),
    ),
    most_questions=2,
)

CONTACT = Goal(
    keys="human person someone somebody agent manager complaint complain speak talk contact "
    "ridiculous terrible unacceptable job jobs hiring",
    words="phone call email number service",
    foreign="teléfono persona téléphone personne telefon mensch sprechen",
    opening=("How can I reach a person?", "Can I talk to somebody at the shop?"),
    questions=(
        Question(
            ("When is someone on the phone?", "What are the phone hours?"),
            after=r"555|(?i:phone|call)",
            unless=r"(?i)9:30 am to 5 pm",
        ),
        Question(
            ("And by email, how long does a reply take?", "How long until they answer emails?"),
            after="(?i)@|email",
            unless="(?i)answered within",
        ),
        Question(
            ("I can only call on a {day}. Are you open then?",),
            after=r"(?i)Monday to Saturday",
            unless="(?i)only call",
        ),
    ),
    content=(
        Question(
            ("Ok, then I'll write them an email. Thanks.[END]", "fine, an email it is[END]"),
            after="(?i)answered within|emails? are",
        ),
        Question(("Ok, I'll give them a call. Thanks.[END]", "fine, I'll call them tomorrow[END]")),
    ),
    most_questions=2,
)

BUSINESS = Goal(
    keys="wholesale bulk office restaurant cafe business company quantity",
    words="quote order discount offer large",
    foreign="oficina bureau büro firma",
    opening=("Do you give a discount if we buy ten at once?",),
    questions=(
        Question(
            ("Can we pay on invoice?", "Do you do invoices for companies?"), unless="(?i)invoice"
        ),
        Question(("And what would delivery cost for that?",), unless="(?i)delivery"),
    ),
    content=(Question(("Ok, I'll write you with the details. Thanks.[END]",), after="@"),),
    most_questions=2,
)

GOALS: tuple[Goal, ...] = (
    HOURS,
    REFUNDS,
    WARRANTY,
    REPAIRS,
    DELIVERY,
    DAMAGED,
    ORDER,
    PAYMENT,
    GIFT_CARDS,
    PRICES,
    STOCK,
    LOCATION,
    CLASSES,
    RECYCLING,
    PARTS,
    BUSINESS,
    CONTACT,
)

COMMON_GOALS: tuple[Goal, ...] = (HOURS, REFUNDS, DELIVERY, WARRANTY, STOCK, GIFT_CARDS)
"""What somebody asks for whose own question led nowhere."""

ASIDES: tuple[Question, ...] = (
    Question(("Oh, and do you take Apple Pay?",), unless="(?i)apple pay"),
    Question(("By the way, can you gift wrap things?",), unless="(?i)wrap"),
    Question(("One more thing: is there parking near the shop?",), unless="(?i)car park|parking"),
    Question(("And do you take back old appliances?",), unless="(?i)take back old"),
    Question(("Oh, and until when are you open on {day}s?",), unless=r"(?i)\d [ap]m"),
)
"""What comes to a customer's mind in passing."""
