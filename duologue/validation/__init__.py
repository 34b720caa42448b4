"""The rules that conversations must keep, and how they are run."""
