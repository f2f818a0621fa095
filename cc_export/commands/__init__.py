"""The commands of ``cc-export``, one a file: each parses, calls and prints."""
