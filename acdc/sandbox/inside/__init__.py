"""What runs inside the confinement: the resident worker and the child that it forks for every score.

Only the standard library is imported here, and nothing of the package outside this folder: the worker starts in
tens of milliseconds and holds nothing that untrusted code could want.
"""
