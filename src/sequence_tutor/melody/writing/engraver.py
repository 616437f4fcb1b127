"""A program that draws scores: MusicXML in, SVG out, as two JSON lists of texts.

`engraving` runs it by its path in a child process, because verovio can end the process it runs in,
and because then nothing else of this package is imported.
"""

from __future__ import annotations

import json
import re
import sys

OPTIONS = {
    "adjustPageHeight": True,
    "adjustPageWidth": True,
    "minLastJustification": 0.45,  # a last system that is about half full fills the line, too
    "footer": "none",
    "header": "none",
    "pageHeight": 60000,
    "pageWidth": 2200,  # four bars of quarters
    "pageMarginTop": 40,
    "pageMarginBottom": 40,
    "pageMarginLeft": 40,
    "pageMarginRight": 40,
    "scale": 40,
    "smuflTextFont": "none",  # its one glyph in a text is replaced
    "svgViewBox": True,
}

QUARTER = re.compile(r'<tspan font-family="[^"]*" font-size="[^"]*">\ueca5</tspan>')
"""The note of the tempo, a glyph of a font that would have to be in every picture (60 kB)."""

QUARTER_IN_ANY_FONT = '<tspan font-family="sans-serif" font-size="500px">\u2669</tspan>'


def main() -> None:
    """Draw what standard input holds."""
    import verovio

    verovio.enableLog(verovio.LOG_OFF)  # standard output is for the pictures
    toolkit = verovio.toolkit()
    toolkit.setOptions(OPTIONS)
    drawn = []
    for text in json.load(sys.stdin):
        toolkit.resetXmlIdSeed(1)  # the same score gives the same picture
        if not toolkit.loadData(text):
            sys.exit("verovio cannot read a score")
        drawn.append(QUARTER.sub(QUARTER_IN_ANY_FONT, toolkit.renderToSVG(1)))
    json.dump(drawn, sys.stdout)


if __name__ == "__main__":
    main()
