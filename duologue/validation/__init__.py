"""Checking conversations: what the rules are, and running them."""
