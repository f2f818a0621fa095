"""No colours: what Python prints in the page goes to no terminal.

The original builds five dataclasses of escape sequences.
"""

COLORIZE = False


class _Plain:
    """Any colour, as the empty string."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return ""


class _Theme:
    argparse = syntax = traceback = unittest = _Plain()


ANSIColors = NoColors = _Plain()
_theme = _Theme()


def can_colorize(*, file=None):
    return False


def decolor(text):
    return text


def get_colors(colorize=False, *, file=None):
    return NoColors


def get_theme(*, tty_file=None, force_color=False, force_no_color=False):
    return _theme
