"""How Vellum shows the Workflow, and what it calls its output."""
