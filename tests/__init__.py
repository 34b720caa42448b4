"""The tests of Duologue, and the real things that they run against."""
