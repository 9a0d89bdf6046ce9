"""Badges: small SVG pictures for a README, of two texts side by side. They need no server and no font."""

from __future__ import annotations

from markupsafe import Markup

from benchmark.text import visible

_WIDTH, _LONGEST = 6.6, 60
COLOURS = {"reproduced": "#1a7f37", "reported": "#0b5cad", "not reproduced": "#a34a00"}
_SVG = Markup(
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{said}">'
    "<title>{said}</title>"
    '<rect width="{width}" height="20" rx="3" fill="#3a3f46"/>'
    '<path d="M{left} 0h{rest}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{rest}z" fill="{colour}"/>'
    '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
    '<text x="{one}" y="14" textLength="{one_length}">{name}</text>'
    '<text x="{two}" y="14" textLength="{two_length}">{value}</text></g></svg>\n'
)


def badge(name: str, value: str, state: str) -> str:
    """Return a badge that says ``value`` of ``name``, in the colour of a state; text is escaped."""
    name, value = (_short(text) for text in (name, value))
    name_width, value_width = (round(len(text) * _WIDTH) for text in (name, value))
    left = name_width + 12
    places = {
        "width": left + value_width + 12,
        "left": left,
        "rest": value_width + 9,
        "one": left / 2,
        "two": left + (value_width + 12) / 2,
    }
    texts = {
        "name": name,
        "value": value,
        "said": f"{name}: {value}",
        "one_length": name_width,
        "two_length": value_width,
    }
    return str(_SVG.format(colour=COLOURS.get(state, "#565e69"), **places, **texts))


def _short(text: str) -> str:
    line = " ".join(visible(text).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
