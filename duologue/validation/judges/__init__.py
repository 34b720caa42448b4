"""Judges: what they are asked about a conversation, and what their answers say."""
