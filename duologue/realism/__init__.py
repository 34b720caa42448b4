"""How human simulated users are: how well they can be told from real ones, and by what."""
