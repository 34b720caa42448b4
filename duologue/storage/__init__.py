"""Files on a disk or an object store: reading, writing whole, paths that are safe to show."""
