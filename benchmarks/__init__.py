"""How fast Duologue is, measured; see README.md."""
