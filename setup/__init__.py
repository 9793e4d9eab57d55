"""Builds the environment: ``make setup``. Standard library only, because nothing is installed yet."""
