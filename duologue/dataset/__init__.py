"""The dataset: what a conversation looks like in a file, and how a version is written whole.

`contents` holds what one run made, `schema` the columns, `formats` the data files, `card` the
README of a version, `manifest` what a version says about itself, `versions` how one is written,
`latest` how one is published and found, `reading` how its conversations are read back, and
`storage` what all of them share: files that appear whole, on a disk or on an object store.
"""
