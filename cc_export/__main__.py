"""``python -m cc_export`` is the command line."""

from cc_export.cli import main

if __name__ == "__main__":
    main()
