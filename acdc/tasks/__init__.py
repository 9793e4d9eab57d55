"""Synthetic tasks: what a task family is, who writes them, which are new, and which are active.

Nothing here runs the code of a task in this process: that is the sandbox's part, handed in as ``box``.
"""
