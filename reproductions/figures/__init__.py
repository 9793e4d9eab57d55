"""One module a figure: plain data in, one SVG element out.

Colours, line widths and fonts are classes that the page's style sheet knows, so that a figure follows light, dark and print.
Nothing is said by colour alone: lines carry their names or another dash, nodes another shape, cells their number.
"""
