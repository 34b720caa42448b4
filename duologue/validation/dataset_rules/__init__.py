"""The dataset rules: what only shows when many conversations are looked at together.

`assess` runs them all. `measures` are numbers about a dataset, `drift` compares them with those of
earlier versions, `near_duplicates` and `canned_replies` look for what conversations have in common,
and `settings` says what their findings do.
"""
