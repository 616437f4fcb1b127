"""The directive `molecule`: molecules drawn, with the raw number that a term gives each.

In a page::

    ```{molecule} qed
    CC(=O)Oc1ccccc1C(=O)O aspirin
    ```

The argument is the kind of the term; `:settings:` has its constants as one line of TOML. Each line
of the content is a SMILES string and a name. Numbers and drawings are computed while the site is
built.
"""

from __future__ import annotations

import html
import tomllib

from docutils import nodes
from docutils.parsers.rst import directives
from pydantic import TypeAdapter, ValidationError
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.terms import AnyTerm, Term, raw_number
from sequence_tutor.molecule.writing.pictures import picture_svg


def read_term(kind: str, settings: str) -> Term:
    """A term from its kind and a line of TOML.

    Raises:
        ValueError: it has no such constants, or there is no such kind.
    """
    table = tomllib.loads(f"table = {{ {settings} }}")["table"]
    found: Term = TypeAdapter(AnyTerm).validate_python({"kind": kind, **table})
    return found


class MoleculeExample(SphinxDirective):
    """Draws molecules with the raw number of a term below each."""

    has_content = True
    required_arguments = 1
    option_spec = {"settings": directives.unchanged}  # noqa: RUF012  # docutils' own attribute

    def run(self) -> list[nodes.Node]:
        """A row of figures."""
        kind = self.arguments[0]
        try:
            term = read_term(kind, self.options.get("settings", ""))
            figures = [self._figure(kind, term, line) for line in self.content if line.strip()]
        except (ValueError, ValidationError, UserError) as error:
            raise self.error(str(error)) from error
        row = f'<div class="molecules">{"".join(figures)}</div>'
        return [nodes.raw("", row, format="html")]

    def _figure(self, kind: str, term: Term, line: str) -> str:
        smiles, _, name = line.strip().partition(" ")
        drawing = picture_svg(smiles)
        drawing = drawing[drawing.index("<svg") :]
        number = f"{raw_number(term, smiles):.3g}".replace("-", "\N{MINUS SIGN}")
        return (
            f'<figure class="molecule">{drawing}<figcaption>{html.escape(name.strip())}'
            f'<br><span class="pays">{html.escape(kind)} {number}</span>'
            f"<br><code>{html.escape(smiles)}</code></figcaption></figure>"
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known."""
    app.add_directive("molecule", MoleculeExample)
    return {"parallel_read_safe": True}
