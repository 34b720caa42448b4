"""A simulated customer with a language model behind it. Runs on Vellum, or here with a key.

Imports nothing: `openai:` participants take its prompt, and need no Vellum SDK.
"""
