"""Comparing two chatbots over whole conversations: outcomes, pairs, statistics, gates."""
