"""The stages of a run as Prefect tasks, one file a stage; what they do is in `duologue`."""
