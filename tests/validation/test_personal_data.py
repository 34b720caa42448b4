import pytest

from duologue.validation.personal_data import personal_data
from duologue.validation.rule import Expectations
from tests.validation.talking import found_at, talk

PERSONAL = {
    "e-mail": ("Write to mia.rossi+shop@posteo.de please.", "an e-mail address"),
    "phone with its country": ("Call me on +49 30 901820 tonight.", "a phone number"),
    "American phone": ("My number is (650) 253-0000.", "a phone number"),
    "card": ("It is 4556 7375 8689 9855, until May.", "a card's number"),
    "card without spaces": ("Charge 371449635398431 then", "a card's number"),
    "IBAN": ("My account is DE89 3704 0044 0532 0130 00.", "an IBAN"),
    "IBAN without spaces": ("NL91ABNA0417164300", "an IBAN"),
}


@pytest.mark.parametrize(("text", "kind"), PERSONAL.values(), ids=PERSONAL)
def test_personal_data_is_found_and_not_repeated(text: str, kind: str) -> None:
    (finding,) = personal_data(talk("Hi", "Hello", text), Expectations())
    assert (finding.message_index, finding.detail) == (2, f"holds {kind}")
    assert found_at(personal_data, talk("Hi", text)) == [1]


def test_several_kinds_are_one_finding() -> None:
    text = "mia@posteo.de or +49 30 901820"
    (finding,) = personal_data(talk(text), Expectations())
    assert finding.detail == "holds an e-mail address and a phone number"


NOT_PERSONAL = {
    "a made up e-mail": "Write to mia@example.com or mia@shop.test.",
    "a name on a network": "Ask @mia_rossi, or a@b.",
    "a toll-free number": "Our number is 1-800-356-9377.",
    "a number of films": "My number is 212-555-0123.",
    "an order number": "The order is 6502530000 and the parcel 00340434161094042557.",
    "a card with a wrong digit": "It is 4556 7375 8689 9856.",
    "an account of no country": "ZZ89 3704 0044 0532 0130 00",
    "an IBAN with a wrong digit": "DE88 3704 0044 0532 0130 00",
    "dates": "From 2024-05-16 to 2024-05-28, or 16.05.2024 10:30.",
    "amounts": "$1,200,000.00 and 10 000 000",
}


@pytest.mark.parametrize("text", NOT_PERSONAL.values(), ids=NOT_PERSONAL)
def test_what_is_nobodys_is_left_alone(text: str) -> None:
    assert found_at(personal_data, talk(text)) == []


def test_the_country_of_phone_numbers_can_be_set() -> None:
    def kinds(text: str, region: str) -> list[str]:
        found = personal_data(talk(text), Expectations(), phone_region=region)
        return [finding.detail for finding in found]

    assert kinds("Unter 030 901820 bin ich da.", "DE") == ["holds a phone number"]
    assert kinds("Unter 030 901820 bin ich da.", "US") == []
    assert kinds("My number is (650) 253-0000.", "") == []
    assert kinds("My number is +1 650 253 0000.", "") == ["holds a phone number"]
