"""A first study file for a folder of model files, to be read and mended by who knows them."""

from cc_export.draft.draft import Draft, draft_study

__all__ = ["Draft", "draft_study"]
