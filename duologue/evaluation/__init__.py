"""Evaluating a chatbot: the next turns of a version, replayed and compared with the originals."""
