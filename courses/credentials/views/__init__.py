"""Pages of a person's credentials."""
