"""Duologue: realistic multi-turn conversations between a chatbot and a simulated user.

This package is the domain: seeds, participants, simulation, validation, datasets. It knows
nothing of Prefect; `tasks/` and `flows/` put it on Prefect, `duologue.cli` on the command line.
"""
