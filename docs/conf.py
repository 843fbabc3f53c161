"""Sphinx: `sphinx-build -W docs docs/_build`, with `pip install '.[docs]'`."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import generate
import tutelage

project, author, release = "tutelage", "the authors of tutelage", tutelage.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme, html_title, html_copy_source = "furo", f"tutelage {release}", False
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
autodoc_default_options = {"members": True, "undoc-members": True, "member-order": "bysource"}
autodoc_typehints = "none"
suppress_warnings = ["misc.highlighting_failure"]  # of command lines with their output

generate.all_pages()


def as_written(app, what, name, object_, options, lines):
    """Docstrings are plain text, line by line, and no markup."""
    lines[:] = ["| " + line.translate({ord(c): "\\" + c for c in "\\*`|_"}) if line.strip() else "" for line in lines]


def setup(app):
    app.connect("autodoc-process-docstring", as_written)
