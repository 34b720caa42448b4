"""What `duologue init` writes: the files of a project that uses Duologue."""
