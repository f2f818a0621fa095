"""What earlier exports found out, kept under the content that it was found in."""
