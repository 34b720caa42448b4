from pathlib import Path

import pytest

from duologue.errors import UsageError
from duologue.seeds import SeedFile, read_seeds


def written(path: Path, text: str) -> str:
    path.write_bytes(text.encode())
    return str(path)


def read(
    folder: Path, text: str, message_column: str | None = None, has_header: bool | None = None
) -> SeedFile:
    path = written(folder / "seeds.csv", text)
    return read_seeds(path, message_column=message_column, has_header=has_header)


def messages(seeds: SeedFile) -> list[str]:
    return [seed.message for seed in seeds.seeds]


def rejections(seeds: SeedFile) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in seeds.rejected]


# What is the message


def test_without_a_header_the_first_column_is_the_message(tmp_path: Path) -> None:
    seeds = read(tmp_path, "What is your refund policy?\nWhat time are you open until?\n")
    assert messages(seeds) == ["What is your refund policy?", "What time are you open until?"]
    assert seeds.columns_note == "no header; the first column is the message"


def test_without_a_header_further_columns_are_context_by_number(tmp_path: Path) -> None:
    seeds = read(tmp_path, "How do I pay?,en,007\nWas kostet das?,de,\n")
    assert [seed.context for seed in seeds.seeds] == [
        {"column_2": "en", "column_3": "007"},
        {"column_2": "de", "column_3": ""},
    ]
    assert "'column_2', 'column_3' go along" in seeds.columns_note


@pytest.mark.parametrize("name", ["message", "Seed Message", "user-message", "QUESTION", "text"])
def test_a_known_name_in_the_first_row_makes_it_a_header(tmp_path: Path, name: str) -> None:
    seeds = read(tmp_path, f"lang,{name}\nen,Hello there\n")
    assert messages(seeds) == ["Hello there"]
    assert seeds.seeds[0].context == {"lang": "en"}
    assert seeds.columns_note == f"header found; column '{name}' is the message"


def test_of_several_known_names_the_most_telling_is_taken_and_it_is_said(tmp_path: Path) -> None:
    seeds = read(tmp_path, "content,text,user_message\na,b,c\n")
    assert messages(seeds) == ["c"]
    assert seeds.seeds[0].context == {"content": "a", "text": "b"}
    assert "column 'user_message' is the message, 'text', 'content' only" in seeds.columns_note


@pytest.mark.parametrize(
    "header", ["initial_question", "id,name", "lang,initial_question", "initial_question;lang"]
)
def test_what_may_be_a_header_is_neither_taken_nor_simulated(tmp_path: Path, header: str) -> None:
    with pytest.raises(UsageError, match=r"may be a header.*--message-column.*--no-header"):
        read(tmp_path, f"{header}\nHello there\n")


def test_a_known_name_next_to_what_reads_like_a_message_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="may be a header") as caught:
        read(tmp_path, "Where is my parcel?,text\nHello,mail\n")
    assert "parcel" not in str(caught.value)


def test_no_header_reads_the_first_row_as_a_message(tmp_path: Path) -> None:
    seeds = read(tmp_path, "message;text\nHello\n", has_header=False)
    assert messages(seeds) == ["message;text", "Hello"]


def test_a_named_message_column_is_taken(tmp_path: Path) -> None:
    seeds = read(tmp_path, "message, opener \na,b\n", message_column="opener")
    assert messages(seeds) == ["b"]
    assert seeds.seeds[0].context == {"message": "a"}


@pytest.mark.parametrize(
    ("text", "column", "header", "expected"),
    [
        ("id,text\n1,a\n", "opener", None, "no column 'opener'; its columns are 'id', 'text'"),
        ("id,name\n1,a\n", None, True, r"none of its columns \('id', 'name'\).*--message-column"),
        ("text,id,id\na,1,2\n", None, None, "2 columns are named 'id'"),
        (",text\n1,a\n", None, None, "column 1 has no name"),
        ("a\n", "text", False, "a file without a header has no column 'text'"),
        ('"text\na\n', "text", None, ":1: a quote is opened and never closed.*without its header"),
        ("text\n", None, None, "holds no rows"),
        ("\n  \n\n", None, None, "holds no rows"),
    ],
)
def test_a_header_of_no_use_is_refused(
    tmp_path: Path, text: str, column: str | None, header: bool | None, expected: str
) -> None:
    with pytest.raises(UsageError, match=expected):
        read(tmp_path, text, message_column=column, has_header=header)


@pytest.mark.parametrize(("delimiter", "word"), [(";", "semicolon"), ("\t", "tab")])
def test_another_delimiter_is_recognised_by_the_header_and_reported(
    tmp_path: Path, delimiter: str, word: str
) -> None:
    text = f"lang{delimiter}message\nen{delimiter}Hello, you\n"
    seeds = read(tmp_path, text)
    assert messages(seeds) == ["Hello, you"]
    assert (
        seeds.columns_note
        == f"header found, cells split by {word}; column 'message' is the message"
    )


def test_a_named_column_shows_the_delimiter_too(tmp_path: Path) -> None:
    seeds = read(tmp_path, "lang;opener\nen;Hello\n", message_column="opener")
    assert messages(seeds) == ["Hello"]


def test_tsv_is_split_at_tabs_alone(tmp_path: Path) -> None:
    path = written(tmp_path / "seeds.tsv", "message\tlang\nHello, you; all\ten\n")
    seeds = read_seeds(path)
    assert messages(seeds) == ["Hello, you; all"]
    assert seeds.columns_note == "header found; column 'message' is the message"


# Text as it stands


@pytest.mark.parametrize("text", ["NA", "null", "None", "nan", "007", "1e5", "True", "  padded  "])
def test_everything_is_text(tmp_path: Path, text: str) -> None:
    seed = read(tmp_path, f"message,note\n{text},{text}\n").seeds[0]
    assert (seed.message, seed.context) == (text, {"note": text})


@pytest.mark.parametrize(
    "text",
    [
        "two\nlines",
        "two\r\nlines",
        "a\rb",
        'say ""hi""',
        "a,b",
        "a\u2028b\x0cc\x85d",
        "שלום 👩‍👩‍👧",
        "\ufeffx",
    ],
)
def test_quoted_text_survives_exactly(tmp_path: Path, text: str) -> None:
    seeds = read(tmp_path, f'\ufeffmessage\r\n"{text}"\r\nnext\r\n')
    assert messages(seeds) == [text.replace('""', '"'), "next"]
    assert not seeds.rejected


def test_a_byte_order_mark_is_no_part_of_the_first_message(tmp_path: Path) -> None:
    assert messages(read(tmp_path, '\ufeff"Hello, you"\nBye\n')) == ["Hello, you", "Bye"]


def test_lines_may_end_in_any_of_the_three_ways(tmp_path: Path) -> None:
    for ending in ("\n", "\r\n", "\r", "\r\r\n"):
        assert messages(read(tmp_path, ending.join(["text", "a", "b", ""]))) == ["a", "b"]


def test_a_cell_may_hold_16_megabytes(tmp_path: Path) -> None:
    long = "x" * (16 * 1024 * 1024)
    assert messages(read(tmp_path, f'message\n"{long}"\n')) == [long]


def test_a_quote_inside_an_unquoted_cell_is_a_character(tmp_path: Path) -> None:
    assert messages(read(tmp_path, 'Is the "gold" plan worth it?\n')) == [
        'Is the "gold" plan worth it?'
    ]


# Rejected rows


def test_rejected_rows_show_their_physical_line(tmp_path: Path) -> None:
    seeds = read(tmp_path, 'message\n"one\ntwo"\n\n""\nlast\n')
    assert messages(seeds) == ["one\ntwo", "last"]
    assert str(seeds.rejected[0]) == (
        f"{tmp_path}/seeds.csv:5: message is empty; every row needs a first user message"
    )


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u00a0\u3000", "\u200b", "\u2800", "\u3164"])
def test_a_message_of_which_nothing_is_seen_is_rejected(tmp_path: Path, blank: str) -> None:
    seeds = read(tmp_path, f'message\n"{blank}"\nHello\n')
    assert messages(seeds) == ["Hello"]
    assert [row.reason for row in seeds.rejected] == [
        "message is empty; every row needs a first user message"
    ]


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    assert read(tmp_path, "\n\nmessage\n\na\n   \nb\n\n").rows_read == 2


def test_a_row_of_empty_cells_is_no_row(tmp_path: Path) -> None:
    seeds = read(tmp_path, 'message,lang\nHello,en\n,\n , \n"",de\n')
    assert rejections(seeds) == [(5, "message is empty; every row needs a first user message")]


def test_a_row_with_a_nul_character_is_rejected(tmp_path: Path) -> None:
    seeds = read(tmp_path, "message,note\nHel\0lo,a\nBye,\0\nStill here,b\n")
    assert messages(seeds) == ["Still here"]
    assert [row.line for row in seeds.rejected] == [2, 3]
    assert all("NUL" in row.reason for row in seeds.rejected)


def test_an_unquoted_comma_loses_no_half_of_a_message(tmp_path: Path) -> None:
    seeds = read(tmp_path, "Hello\nWell, I need help, please\nBye\n")
    assert messages(seeds) == ["Hello", "Bye"]
    assert rejections(seeds) == [
        (2, "found 3 cells, expected 1; a message that holds a comma must be in quotes")
    ]


def test_an_unquoted_comma_in_the_first_row_costs_that_row_alone(tmp_path: Path) -> None:
    seeds = read(tmp_path, "Well, I need help.\nHello\nBye\n")
    assert messages(seeds) == ["Hello", "Bye"]
    assert [row.line for row in seeds.rejected] == [1]


def test_an_unquoted_comma_in_most_rows_loses_nothing_either(tmp_path: Path) -> None:
    seeds = read(tmp_path, "Hello, I need help.\nHi, where are you?\nBye\n")
    assert messages(seeds) == ["Bye"]
    assert [row.line for row in seeds.rejected] == [1, 2]


def test_an_unquoted_comma_in_every_row_loses_nothing_either(tmp_path: Path) -> None:
    seeds = read(tmp_path, "Hello, I need help.\nHi, where are you?\n")
    assert messages(seeds) == []
    assert [row.line for row in seeds.rejected] == [1, 2]
    assert "must be in quotes" in seeds.rejected[0].reason


def test_an_unquoted_comma_is_no_second_column_of_a_file_that_has_one(tmp_path: Path) -> None:
    seeds = read(tmp_path, '"Where is it?",en\nHi, where are you?\n"Bye",en\n')
    assert messages(seeds) == ["Where is it?", "Bye"]
    assert [row.line for row in seeds.rejected] == [2]
    assert "seems to continue after a comma" in seeds.rejected[0].reason


def test_most_rows_show_how_many_columns_there_are(tmp_path: Path) -> None:
    seeds = read(tmp_path, "Is it 1,000?\nHello\nBye\n")
    assert messages(seeds) == ["Hello", "Bye"]
    assert [row.line for row in seeds.rejected] == [1]


def test_a_spaced_second_column_is_fine_next_to_a_quoted_message(tmp_path: Path) -> None:
    seeds = read(tmp_path, '"Where is it?", en\n"Hi, you", de\n')
    assert messages(seeds) == ["Where is it?", "Hi, you"]
    assert seeds.seeds[1].context == {"column_2": " de"}


def test_a_row_with_too_few_cells_is_rejected(tmp_path: Path) -> None:
    seeds = read(tmp_path, "message,lang\nHello\nBye,en\n")
    assert rejections(seeds) == [(2, "found 1 cell, expected 2")]


def test_a_quote_that_never_closes_costs_its_own_row_alone(tmp_path: Path) -> None:
    seeds = read(tmp_path, 'message,lang\n"Hello,en\nHow are you?,en\nBye,en\n')
    assert messages(seeds) == ["How are you?", "Bye"]
    assert [row.line for row in seeds.rejected] == [2]
    assert "never closed" in seeds.rejected[0].reason


def test_a_quote_closed_by_the_next_row_costs_its_own_row_alone(tmp_path: Path) -> None:
    seeds = read(tmp_path, 'message\n"Hello\nHow are you?\n"Bye"\nEnd\n')
    assert messages(seeds) == ["How are you?", "Bye", "End"]
    assert rejections(seeds)[0][0] == 2
    assert "closing quote on line 4" in seeds.rejected[0].reason


def test_a_first_row_that_breaks_is_rejected_where_there_is_one_column(tmp_path: Path) -> None:
    seeds = read(tmp_path, '"What is it?\nWhere is it?\n')
    assert messages(seeds) == ["Where is it?"]
    assert [row.line for row in seeds.rejected] == [1]


def test_a_first_row_that_breaks_leaves_several_columns_untold(tmp_path: Path) -> None:
    text = '"id,message\n1,Where is it?\n2,What is it?\n'
    with pytest.raises(UsageError, match=r":1: a quote is opened.*which of the 2 columns"):
        read(tmp_path, text)
    assert messages(read(tmp_path, text, has_header=False)) == ["1", "2"]


def test_a_carriage_return_outside_quotes_does_not_split_a_message(tmp_path: Path) -> None:
    seeds = read(tmp_path, "message\nHello\ryou\nBye\n")
    assert messages(seeds) == ["Bye"]
    assert "carriage return" in seeds.rejected[0].reason


def test_a_cell_beyond_the_limit_is_rejected(tmp_path: Path) -> None:
    seeds = read(tmp_path, "message\n" + "x" * (64 * 1024 * 1024 + 1) + "\nBye\n")
    assert messages(seeds) == ["Bye"]
    assert "longer than 67,108,864 characters" in seeds.rejected[0].reason


def test_a_file_that_opens_quotes_everywhere_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be told apart"):
        read(tmp_path, "message,x\n" + 'a","""\n' * 3_000)
