"""What one version contains: its conversations, schema, formats, failures, manifest and card."""
