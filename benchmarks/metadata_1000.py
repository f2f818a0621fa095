"""A study of 1,000 models known by their metadata: ``python benchmarks/metadata_1000.py``.

CPU time of an export in this process, and gzip bytes of what the overview needs.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
import time
from pathlib import Path

from studies import write_metadata

from cc_export import export

MOST_SECONDS, MOST_BYTES = 3.0, 400_000


def main() -> None:
    """Print both figures beside their bounds; another number of models may be given."""
    models = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as name:
        study = write_metadata(Path(name) / "study", models)
        begin = time.process_time()
        export(study, Path(name) / "site", cache="off")
        seconds = time.process_time() - begin
        size = sum(
            len(gzip.compress((Path(name) / "site" / "data" / file).read_bytes()))
            for file in ("manifest.js", "models.js")
        )
    print(f"{models:,} models: {seconds:.2f} s CPU, at most {MOST_SECONDS:.0f} s")
    print(f"manifest and models: {size / 1000:.0f} kB gzip, at most {MOST_BYTES / 1000:.0f} kB")


if __name__ == "__main__":
    main()
