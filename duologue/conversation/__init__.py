"""What is said: messages, usage, wording, farewells, the end marker."""
