"""Real conversations: which ones ask for the same, and how much of them a dataset covers."""
