"""The same simulation with other tools, each in an environment of its own; see ../README.md.

These modules import neither Duologue nor its tests, and are run as
`.venv/peers/NAME/bin/python -m benchmarks.peers.NAME_way SEEDS_FILE IN_FLIGHT RESULT_FILE`.
"""
