"""XML of strangers as a tree: no entities, nothing fetched, so many elements and no deeper."""

from __future__ import annotations

from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from sequence_tutor.errors import UserError

MOST_ELEMENTS = 3_000_000
"""A symphony of an hour has a million."""

DEEPEST = 100
"""Elements within elements; MusicXML has a dozen."""


def parse_xml(text: bytes) -> Element:
    """An element tree, names without prefixes of namespaces; the first entity declared ends it.

    Raises:
        UserError: entities are declared, or there is too much of it.
        ExpatError: it is no XML.
    """
    builder = TreeBuilder()
    elements = depth = 0

    def start(prefixed: str, attributes: dict[str, str]) -> None:
        nonlocal elements, depth
        elements += 1
        depth += 1
        if elements > MOST_ELEMENTS:
            raise UserError(f"more than {MOST_ELEMENTS} elements of XML, expected one score")
        if depth > DEEPEST:
            raise UserError(f"elements of XML more than {DEEPEST} deep, expected a score")
        builder.start(prefixed.rpartition(":")[2], attributes)

    def end(prefixed: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(prefixed.rpartition(":")[2])

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = _refuse_entity
    parser.Parse(text, True)
    return builder.close()


def _refuse_entity(*_declaration: object) -> NoReturn:
    raise UserError("declares XML entities, which are refused")
