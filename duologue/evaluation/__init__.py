"""Evaluating a chatbot on a version: its next turns replayed, and compared with what was said."""
