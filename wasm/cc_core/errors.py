"""The one error that cc_core raises for a request it cannot answer."""


class CoreError(ValueError):
    """A request that cannot be answered; the text says which value and what is allowed."""
