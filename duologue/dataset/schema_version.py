"""The version of the columns. Not in `schema.py`, which imports pyarrow."""

SCHEMA_VERSION = "1"
"""Raised when a column is removed, renamed, or changes its meaning. New columns leave it."""
