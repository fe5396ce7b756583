"""The colours of the style sheets keep the contrast that WCAG 2.2 AA asks for, by light and by dark."""

import re
from collections.abc import Mapping

import pytest

from gateway.static_files import FOLDER

TEXT, GRAPHICS = 4.5, 3.0
SERIES = ("s1", "s2", "s3", "s4", "s5", "s6", "s7", "others", "estimate")
PAIRS = [
    *(
        (ink, ground, TEXT)
        for ink in ("ink", "quiet", "accent", "good", "bad")
        for ground in ("ground", "surface")
    ),
    *((ink, "raised", TEXT) for ink in ("ink", "quiet", "accent")),
    ("good", "good-ground", TEXT),
    ("wait", "wait-ground", TEXT),
    ("wait", "ground", TEXT),
    ("bad", "bad-ground", TEXT),
    ("ink", "bad-ground", TEXT),
    ("accent", "bad-ground", TEXT),
    ("accent", "accent-ground", TEXT),
    ("surface", "accent", TEXT),
    ("ink", "flash", TEXT),
    ("quiet", "flash", TEXT),
    ("ink", "bar", TEXT),
    ("edge", "surface", GRAPHICS),
    ("edge", "ground", GRAPHICS),
    ("good", "wait-ground", GRAPHICS),
    ("estimate", "wait-ground", GRAPHICS),
    *((series, "surface", GRAPHICS) for series in SERIES),
]
_TOKEN = re.compile(r"--([a-z0-9-]+): (#[0-9a-f]{6})")


def tokens(scheme: str) -> Mapping[str, str]:
    """The colours that both style sheets define: the light ones, and over them those of the dark scheme."""
    found: dict[str, str] = {}
    for name in ("base.css", "billing.css"):
        light, _, rest = (
            (FOLDER / name).read_text("utf-8").partition("@media screen and (prefers-color-scheme: dark)")
        )
        dark = rest.partition("\n}\n")[0]
        found |= dict(_TOKEN.findall(light)) | (dict(_TOKEN.findall(dark)) if scheme == "dark" else {})
    return found


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("colour", "ground", "least"), PAIRS)
def test_contrast(scheme: str, colour: str, ground: str, least: float) -> None:
    found = tokens(scheme)
    lighter, darker = sorted((luminance(found[colour]), luminance(found[ground])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= least


def test_the_dark_scheme_is_another() -> None:
    light, dark = tokens("light"), tokens("dark")
    assert luminance(light["surface"]) > 0.9
    assert luminance(dark["surface"]) < 0.05
    assert {name for name in light if light[name] == dark[name]} == set()
