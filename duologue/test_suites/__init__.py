"""A dataset's conversations as test cases of a Vellum Test Suite."""
