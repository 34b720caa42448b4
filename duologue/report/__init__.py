"""The report: a version as one HTML page that opens from disk, without a network.

`page` renders it, `plots` draws its numbers, and `blocks` packs the conversations that the page's
own script unpacks in small groups.
"""
