"""Conversations with personal data that is known, in forms that people use."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from stdnum import iban, luhn
from stdnum.iso7064 import mod_97_10

# Hardly any of these full names is in a list of names.
NAMES = {
    "en": "Siobhan Gallagher,Kwame Boateng,Nkechi Obi,Aditi Raghunathan,Mehmet Yilmaz,Tamsin "
    "Pemberton,Bartholomew Quigley,Priyanka Chaudhry,Oluwaseun Adeyemi,Rhys Llewellyn,Ngoc Tran,"
    "Margaret Thistlewood,Desmond Achterberg,Latoya Beaumont",
    "de": "Annegret Wiesenthal,Tjark Petersen,Gülsüm Öztürk,Wojciech Kowalczyk,Friederike "
    "Oberhuber,Björn Ahlers,Swantje Harms,Emre Kaya,Roswitha Zöllner,Kunigunde Maier",
    "fr": "Maëlys Delacroix,Yannick Kervella,Aïssatou Diallo,Ghislaine Thibodeaux,Loïc Guivarch,"
    "Mohamed Benali,Bérengère Castel,Thierry Quéméner",
    "es": "Itziar Etxeberria,Nuria Ballesteros,Xavier Puigdemont,Encarnación Villanueva,Jorge "
    "Quintanilla,Guadalupe Arriaga,Eneko Goikoetxea",
}
ASKS = {
    "en": [
        ("May I take your full name, please?", "{name}"),
        ("Who am I speaking with?", "My name's {name}, nice to meet you"),
        ("How can I help?", "Hey, {first} here, {name}. I have a problem with my bill"),
        ("Could you give me the name on the booking?", "The name on the booking is {name}"),
        ("Whose account is it?", "it's in the name of {name}"),
        ("Anything else?", "No that's all.\n\nKind regards,\n{name}"),
        ("And your last name?", "{last}"),
        ("How can I help?", "My full name is {lower} and I want my money back"),
    ],
    "de": [
        ("Wie ist Ihr Name?", "{name}"),
        ("Mit wem spreche ich?", "Mein Name lautet {name}."),
        ("Was kann ich tun?", "Guten Tag, ich heiße {name} und möchte stornieren."),
        ("Auf welchen Namen läuft der Vertrag?", "Der läuft auf den Namen {name}"),
        ("Noch etwas?", "Nein danke.\n\nMit freundlichen Grüßen\n{name}"),
    ],
    "fr": [
        ("Quel est votre nom ?", "{name}"),
        ("Comment puis-je vous aider ?", "Bonjour, je m'appelle {name} et mon colis est perdu."),
        ("À quel nom est la réservation ?", "Elle est au nom de {name}."),
        ("Autre chose ?", "Non merci.\nCordialement,\n{name}"),
    ],
    "es": [
        ("¿Cuál es su nombre?", "{name}"),
        ("¿En qué puedo ayudarle?", "Hola, me llamo {name} y mi pedido no llega."),
        ("¿A nombre de quién?", "La reserva está a nombre de {name}"),
        ("¿Algo más?", "No, gracias.\n\nUn saludo,\n{name}"),
    ],
}
GREETS = {
    "en": ["Thank you, {first}. One moment.", "Dear {name}, thanks.", "Hi {first}, I found it."],
    "de": ["Vielen Dank, {name}.", "Hallo {first}, ich sehe nach.", "Einen Moment, Frau {last}."],
    "fr": ["Merci {first}, un instant.", "Bonjour Madame {last}, je regarde."],
    "es": ["Gracias, {first}.", "Estimada {name}, un momento."],
}
PHONES = {
    "en": ["(415) 682-3917", "415.682.3917", "+1 415-682-3917", "1-415-682-3917", "07911 245 816",
           "+44 7911 245816", "020 7946 1832", "+14156823917"],
    "de": ["0171/2345678", "0171 234 56 78", "+49 (0)171 2345678", "030 / 23 45 67 89",
           "+491712345678", "0049 171 2345678", "089-21873645", "01712345678"],
    "fr": ["06 12 47 83 90", "06.12.47.83.90", "+33 6 12 47 83 90", "0612478390", "01-42-68-53-00"],
    "es": ["612 34 57 89", "+34 612 345 789", "91 452 38 17", "612345789", "612-345-789"],
}  # fmt: skip
PHONE_SAYS = {
    "en": ["you can reach me on {}", "my cell is {}", "call {} after six", "phone: {}",
           "{} is my mobile number"],
    "de": ["erreichbar bin ich unter {}", "meine Handynummer: {}", "Tel. {}",
           "rufen Sie mich an: {}, Telefon privat"],
    "fr": ["mon portable : {}", "vous pouvez me joindre au {}", "téléphone {}"],
    "es": ["mi móvil es el {}", "llámame al {}", "teléfono: {}"],
}  # fmt: skip
EMAIL_FORMS = [
    "{first}.{last}@gmx.de", "{first}_{last}84@yahoo.co.uk", "{last}+shop@mail.company.io",
    "{first}{last}@hotmail.com", "{first}.{last} (at) web (dot) de", "{first} at outlook dot com",
    "{first}@{last}-consulting.com",
]  # fmt: skip
EMAIL_SAYS = ["my email is {}", "{}", "send it to {} please", "<{}>", "Mail: {}.", "mailto:{}"]
ORDERS = ["48-2291-730", "884120957", "AB-4471902", "ORD-2025-00417", "X7KQ2M", "#5530918",
          "W00482917", "3301 7745 21"]  # fmt: skip
ORDER_SAYS = {
    "en": ["order number {}", "my order no. is {}", "the booking reference is {}",
           "regarding invoice number {}", "tracking number: {}", "customer ID {}",
           "{} is my order number"],
    "de": ["Bestellnummer {}", "meine Kundennummer lautet {}", "Rechnungsnr. {}",
           "Vorgangsnummer: {}"],
    "fr": ["commande n° {}", "mon numéro de commande est {}", "référence : {}",
           "dossier numéro {}"],
    "es": ["pedido número {}", "mi número de pedido es {}", "referencia: {}", "factura nº {}"],
}  # fmt: skip
HARMLESS = {
    "en": "It cost $1,249.50 on 2025-03-14 at 10:30, 12 of them, 20% off, size 42, iPhone 15 Pro, "
    "flight BA2490, 1080p, 5000 mAh, 24-hour service, 3 to 5 days in May 2025.",
    "de": "Das war am 14.03.2025 um 10:30 Uhr für 1.249,50 €, 12 Stück, 20 % Rabatt, Größe 42, "
    "10115 Berlin, Windows 11, 2000 Watt.",
    "fr": "C'était le 14/03/2025 à 10h30 pour 1 249,50 €, 12 pièces, 20 % de remise, taille 42.",
    "es": "Fue el 14/03/2025 a las 10:30 por 1.249,50 €, 12 unidades, talla 42, 2 de mayo.",
}


@dataclass
class Planted:
    """A conversation with what is planted in it."""

    texts: list[str]
    """From the user and the chatbot in turn."""
    values: list[tuple[str, str]]
    """A kind, and a value as it was written."""


def planted(rng: Random, count: int) -> Iterator[Planted]:
    for _ in range(count):
        language = rng.choice(list(NAMES))
        name = rng.choice(NAMES[language].split(","))
        first, _, last = name.partition(" ")
        parts = {"name": name, "first": first, "last": last, "lower": name.lower()}
        ask, answer = rng.choice(ASKS[language])
        numbers: list[tuple[str, str, str]] = [
            ("phone", rng.choice(PHONE_SAYS[language]), _varied(rng.choice(PHONES[language]), rng)),
            ("order", rng.choice(ORDER_SAYS[language]), _varied(rng.choice(ORDERS), rng)),
            ("email", rng.choice(EMAIL_SAYS), rng.choice(EMAIL_FORMS).format(**_plain(parts))),
            ("card", rng.choice(["card number {}", "{}", "Karte: {}"]), card(rng)),
            ("iban", rng.choice(["IBAN {}", "{}", "my account is {}, thanks"]), bank(rng)),
        ]
        said = answer.format(**parts)
        values = [("name", last)] if "{last}" in answer else [("name", last), ("name", first)]
        texts = [HARMLESS[language], ask, said, rng.choice(GREETS[language]).format(**parts)]
        for kind, form, value in rng.sample(numbers, 3):
            texts += [form.format(value), f"OK, {value}?"]
            values.append((kind, value))
        yield Planted(texts, values)


def _plain(parts: dict[str, str]) -> dict[str, str]:
    import unicodedata

    return {
        key: unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
        for key, text in parts.items()
    }


def _varied(number: str, rng: Random) -> str:
    """Changes the last two digits, so that no number is known beforehand."""
    places = [i for i, one in enumerate(number) if one.isdigit()][-2:]
    letters = list(number)
    for place in places:
        letters[place] = rng.choice("123456789")
    return "".join(letters)


def card(rng: Random) -> str:
    body = rng.choice(["4", "51", "2221", "6011"]).ljust(15, "0")
    body = body[:4] + "".join(rng.choice("0123456789") for _ in range(11))
    digits = body + luhn.calc_check_digit(body)
    mark = rng.choice([" ", "-", "", "."])
    return mark.join(digits[i : i + 4] for i in range(0, 16, 4))


def bank(rng: Random) -> str:
    while True:
        country, length = rng.choice([("DE", 18), ("AT", 16), ("NL", 0), ("GB", 0)])
        digits = "".join(rng.choice("0123456789") for _ in range(18))
        bodies = {"NL": f"ABNA{digits[:10]}", "GB": f"NWBK{digits[:14]}"}
        body = bodies.get(country, digits[:length])
        found = country + mod_97_10.calc_check_digits(body + country) + body
        if iban.is_valid(found):
            break
    grouped = " ".join(found[i : i + 4] for i in range(0, len(found), 4))
    return rng.choice([found, grouped, grouped.lower(), grouped.replace(" ", "-")])
