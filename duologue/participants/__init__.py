"""The two sides of a conversation: where they run and how they are asked."""
