"""Messages and what can be said about one: its words, whether it is empty, polite, a farewell."""
