"""How the pages become a site: `make docs`, or `python -m sphinx -W docs build/docs`.

Nothing in a built page comes from the network, and a broken link inside the site is an error.
"""

import sys
from importlib.metadata import version as installed
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "directives"))  # melodies and molecules drawn while building

project = "Sequence Tutor"
release = version = installed("sequence-tutor")
copyright = "the authors of Sequence Tutor; Apache-2.0"

extensions = ["myst_parser", "melody_example", "molecule_example", "recipe", "settings_table"]
exclude_patterns = ["directives", "examples/**/*.md"]
nitpicky = True
highlight_language = "none"  # equations and printed output stand as they are
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

html_theme = "furo"
html_title = "Sequence Tutor"
html_static_path = ["style"]
html_css_files = ["examples.css"]
html_copy_source = False
html_show_sourcelink = False
