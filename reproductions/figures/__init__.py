"""One module a figure: plain data in, one SVG element out.

Promises: colours, widths and fonts are classes of the page's style sheet; nothing is said by colour alone: lines carry names or
another dash, nodes another shape, cells their number.
Door: svg.py (elements, axes, `markup`); coverage.py, forest.py, generations.py, openendedness.py, span.py, tree.py.
"""

__all__ = ["coverage", "forest", "generations", "openendedness", "span", "svg", "tree"]
