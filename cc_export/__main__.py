"""``python -m cc_export``, which is the command: Ctrl-C is seen to before anything is loaded."""

from cc_export.interrupts import told_once


def main() -> None:
    """Entry point of the ``cc-export`` command."""
    with told_once():
        from cc_export.cli import main as run  # noqa: PLC0415 (see above)

        run()


if __name__ == "__main__":
    main()
