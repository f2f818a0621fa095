"""The bundle: what a site's data chunks hold, how they are spelled, written and read back."""

from cc_export.bundle.read import Site, read_site

__all__ = ["Site", "read_site"]
