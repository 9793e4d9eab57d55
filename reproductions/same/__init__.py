"""Does the processor decide? The same pipeline under several settings of the numerical libraries, compared cell by cell.

settings.yaml   the settings, and which processor each one stands for
settings.py     reads them; `stated` is the environment of one
kernels.py      which kernels a process of such an environment really uses
pipelines.py    runs the pipelines, each in a directory of its own
cells.py        a pipeline's files as cells
differences.py  two pipelines, cell by cell
report.py       the table, in words and as JSON
"""
