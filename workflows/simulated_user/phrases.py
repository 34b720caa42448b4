"""What customers say around their questions: reactions, answers, and last words.

Fields in braces: `{day}`, `{appliance}` (with its article), `{bare}` (without) and `{order}` are
what this customer has in mind; `{0}` is what a pattern found in the chatbot's message.
"""

REACTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\$(\d+(?:\.\d\d)?)", ("${0}, ok.", "${0}, fair enough.", "Hm, ${0}.", "${0}? Alright.")),
    (
        r"(\d+(?: to \d+)?) (?:working )?days",
        ("{0} days, good.", "{0} days is fine.", "{0} days, ok."),
    ),
    (r"(?i)\b(free|no charge|on us)\b", ("Nice.", "Oh, good.", "Free, even better.")),
    (r"(?:to|until) (\d+(?::\d\d)? [ap]m)", ("Until {0}, ok.", "{0}, good.")),
    (
        r"(?i)(?:are|is) not (?:covered|possible|included)|we can't|out of stock",
        ("Pity.", "Hm, ok.", "Shame."),
    ),
    (r"", ("Ok.", "Got it.", "I see.", "Good to know.", "Alright.")),
)
"""Pattern in the chatbot's message to what may be said to it. The first that fits is used."""

DAYS = ("Saturday", "Sunday", "Thursday", "Friday", "Tuesday")
APPLIANCES = (
    "a stand mixer",
    "a blender",
    "an espresso machine",
    "a toaster",
    "a food processor",
    "an air fryer",
    "a kettle",
)
NAMES = ("Robin Ashdown", "Kim Delgado", "Sam Okafor", "Alex Brandt")
BOUGHT = ("about two weeks ago", "last month", "ten days ago I think", "in the spring")

ANSWERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"(?:which|what) (?:week)?day|day of the week|weekday",
        ("{day}", "{day}, please", "This {day}", "Probably {day}", "On {day}"),
    ),
    (
        r"order (?:number|no|id)|confirmation number|reference number",
        ("{order}", "It's {order}", "Hang on... {order}", "{order} I think", "Sure, {order}"),
    ),
    (
        r"\bfor\?$",
        ("It's for {appliance}", "{appliance}, nothing fancy", "{appliance} I think", "{bare}"),
    ),
    (
        r"which (?:one|appliance|product|model|machine|item|part)|appliance do you|what is it|"
        r"what (?:appliance|product|model|kind|machine|item|brand)|appliance's price",
        ("{appliance}", "{appliance}, nothing fancy", "{bare}", "{appliance}, I think"),
    ),
    (r"\bname\b", ("{name}", "It's {name}")),
    (
        r"e-?mail|phone number|your number",
        ("I'd rather not give that here", "Does it work without?"),
    ),
    (
        r"zip|postal|address|where do you live",
        ("Just outside Portwell", "Portwell, near the station"),
    ),
    (r"when did you|how long ago|date of|purchase date", ("{bought}", "I bought it {bought}")),
    (r"budget|price range|how much would you", ("Not too much. Around 100 maybe?", "Under 150")),
)
"""Pattern in a question of the chatbot's to the answers for it. The first that fits is used."""

YES_ANSWERS = ("Yes", "Yes, I think so", "I believe so, yes", "Sure", "Yes please")
UNSURE_ANSWERS = (
    "Not sure, to be honest",
    "Hard to say",
    "I couldn't tell you",
    "No idea, sorry",
)

IMPATIENT = ("Like I said, {answer}", "{answer}. That's all I know", "Again: {answer}")
"""Around an answer that was asked for before."""

IN_ENGLISH = (
    "Ok, in English then. {question}",
    "Sorry. {question}",
    "Ah, English. {question}",
)
NO_ENGLISH = (
    "My English is not so good. Is there a person I can talk to?",
    "Is there someone who speaks my language?",
)
OTHER_WORDS = ("I mean: {question}", "Let me put it differently. {question}", "{question}")
OOPS = (
    "Sorry, wrong window. {question}",
    "oops, that was my cat. {question}",
    "Sorry, typo. {question}",
    "Never mind that. {question}",
)
FIRST = ("{question}", "Quick question. {question}")
"""Around a first real question."""
SOMEONE = (
    "Hm, that's not very helpful. Who could I ask about that?",
    "Is there someone who knows?",
    "Ok, who should I contact about it then?",
)
NO_APPLIANCE = (
    "Ah, only appliances. Then never mind, bye[END]",
    "Not an appliance, so I guess I'm wrong here. Bye[END]",
)
NOT_SOLD = (
    "Ah ok, wrong shop then. Bye[END]",
    "Oh. What do you sell then?",
    "Pity. Thanks anyway, bye[END]",
)
CHANGE_SUBJECT = (
    "Ok, never mind. {question}",
    "Fair enough. {question}",
    "Alright, something else then. {question}",
)

GIVE_UP = (
    "Ok, then I'll try somewhere else. Bye[END]",
    "Never mind, I'll look it up myself.[END]",
    "This isn't getting me anywhere, bye[END]",
    "Alright, forget it. Thanks anyway.[END]",
)
GIVE_UP_AND_CALL = (
    "ok, I'll call then. thanks anyway[END]",
    "Fine, I'll call them.[END]",
    "Alright, I'll ask the people in the shop. Bye[END]",
)
CONTENT = (
    "Great, that's all I needed[END]",
    "ok[END]",
    "Good to know[END]",
    "That helps, thanks[END]",
    "alright[END]",
    "I'll think about it[END]",
    "ok, got it[END]",
    "thx[END]",
    "That's everything[END]",
    "Then I know what to do now[END]",
)
NOTHING_MORE = ("No, that's all. Bye[END]", "Nothing else, thanks[END]", "nope, I'm good. bye[END]")
GOODBYE = ("Bye[END]", "You too, bye[END]", "Bye then![END]")
LAST_RESORT = "Sorry, I have to go now. Thanks for your time.[END]"
