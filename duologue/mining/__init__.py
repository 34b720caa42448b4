"""Seeds from real traffic: conversations collected, redacted, and a choice of them."""
