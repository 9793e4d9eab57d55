"""Commands of this floor, registered in the entry-point group ``acdc.commands``.

Promises: a command parses its words, calls one function of another room and prints; heavy imports happen inside.
Door: ``register(app)`` of each module.
"""

__all__ = ["audit_paper", "export", "report", "reproduce", "same", "study", "summary", "table", "verify"]
