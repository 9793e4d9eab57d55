"""Does the processor decide? The same pipeline under several settings of the numerical libraries, compared cell by cell.

Promises: what is compared comes from the same weights, and each setting says which kernels its processes really used.
Door: settings.py (settings.yaml), kernels.py, pipelines.py (`run_pipelines`), cells.py (files as cells), differences.py
(`agreement`), report.py.
"""

__all__ = ["cells", "differences", "kernels", "pipelines", "report", "settings"]
