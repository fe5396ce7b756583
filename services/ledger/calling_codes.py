"""Where the country calling code of a telephone number ends (ITU-T E.164, list of assigned codes)."""

_ONE_DIGIT = frozenset("17")
_TWO_DIGITS = frozenset(
    zone + digit
    for zone, digits in (
        ("2", "07"),
        ("3", "0123469"),
        ("4", "013456789"),
        ("5", "12345678"),
        ("6", "0123456"),
        ("8", "1246"),
        ("9", "0123458"),
    )
    for digit in digits
)
_SHORTEST_NUMBER = 8
_LONGEST_NUMBER = 15


def number_digits(text: str) -> str:
    """The digits of an international number such as `+12025550131`; empty for anything else, short codes too."""
    digits = text.removeprefix("+")
    is_number = digits.isascii() and digits.isdigit() and _SHORTEST_NUMBER <= len(digits) <= _LONGEST_NUMBER
    return digits if is_number else ""


def calling_code_length(digits: str) -> int:
    """How many of the digits are the country's: the codes are such that none begins another."""
    if digits[:1] in _ONE_DIGIT:
        return 1
    return 2 if digits[:2] in _TWO_DIGITS else 3
