"""A program that draws scores: MusicXML in, SVG out, as two JSON lists of texts.

`engraving` runs it by its path in a child process, because verovio can end the process it runs in,
and because then nothing else of this package is imported.
"""

from __future__ import annotations

import json
import sys

OPTIONS = {
    "adjustPageHeight": True,
    "adjustPageWidth": True,
    "footer": "none",
    "header": "none",
    "pageHeight": 60000,
    "pageWidth": 2200,  # four bars of quarters
    "pageMarginTop": 40,
    "pageMarginBottom": 40,
    "pageMarginLeft": 40,
    "pageMarginRight": 40,
    "scale": 40,
    "smuflTextFont": "none",  # there is no text that would need its font
    "svgViewBox": True,
}


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
        drawn.append(toolkit.renderToSVG(1))
    json.dump(drawn, sys.stdout)


if __name__ == "__main__":
    main()
