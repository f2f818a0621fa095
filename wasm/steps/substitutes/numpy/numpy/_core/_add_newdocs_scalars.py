"""Empty: the original attaches documentation to compiled functions."""
