"""What a client calls its file is shown, saved and sent, and can do no harm in any of the three."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purvey.storage import content_disposition, shown_name


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("atlas.pdf", "atlas.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\books\\atlas.pdf", "atlas.pdf"),
        ("..", "file"),
        ("", "file"),
        (".htaccess", "htaccess"),
        ("a\r\nSet-Cookie: b.pdf", "aSet-Cookie: b.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("two\x00words.pdf", "twowords.pdf"),
        ("  many   spaces .pdf  ", "many spaces .pdf"),
        ("Ünï — 本 🗺️👩‍🚀.epub", "Ünï — 本 🗺️👩‍🚀.epub"),
        ('the "best" of.mp3', 'the "best" of.mp3'),
        ("\ud800.pdf", "pdf"),
    ],
)
def test_a_name_is_shown_without_what_could_deceive(sent: str, shown: str) -> None:
    assert shown_name(sent) == shown


def test_a_long_name_keeps_its_ending() -> None:
    name = shown_name("本" * 300 + ".epub")
    assert name.endswith("本.epub")
    assert len(name.encode()) <= 255
    assert len(shown_name("a." + "b" * 300).encode()) == 255


@given(st.text(max_size=600))
def test_every_name_is_safe_and_stays_what_it_is(raw: str) -> None:
    name = shown_name(raw)
    assert 0 < len(name.encode()) <= 255
    assert not set(name) & set("/\\\r\n\x00")
    assert name not in (".", "..")
    assert shown_name(name) == name


@given(st.text(max_size=100))
def test_the_header_is_plain_ascii_and_says_the_exact_name(raw: str) -> None:
    name = shown_name(raw)
    header = content_disposition(name)
    assert header.isascii() and header.isprintable()
    message = EmailMessage()
    message["Content-Disposition"] = header.replace(header[: header.index("filename*=")], "attachment; ")
    assert message.get_filename() == name
    assert header.count('"') == 2
