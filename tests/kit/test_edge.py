"""What the log says of a request."""

from purvey.kit.edge import shown


def test_a_path_cannot_write_to_an_operators_terminal() -> None:
    assert shown("/s/straße/shop") == "/s/straße/shop"
    assert shown("/\x1b[2J\r\n{}") == "'/\\x1b[2J\\r\\n{}'"
