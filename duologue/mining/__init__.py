"""Seeds from real traffic: conversations collected, redacted, grouped, and a choice of them.

`clusters` groups messages and needs neither a network nor Vellum's SDK.
"""
