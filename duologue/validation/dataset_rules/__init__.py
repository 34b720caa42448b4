"""The dataset rules: problems that only show up across many conversations.

`assess` runs them all. `measures` are numbers about a dataset, `drift` compares them with those of
earlier versions, and `near_duplicates` and `canned_replies` look for what conversations have in
common.
"""
