"""``docs/study.schema.json``: the form of a study file for editors and other programs.

``python -m cc_export.study.json_schema`` writes it; a test says when it is stale. What a schema
cannot say (unknown parents, cycles, missing files) is in ``study/check.py``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from cc_export.study.schema import StudyFile

FILE = Path(__file__).resolve().parents[2] / "docs" / "study.schema.json"


class _Plain(GenerateJsonSchema):
    """Without a title for every key: it would say the key once more."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never."""
        return False


def json_schema() -> dict[str, object]:
    """The JSON Schema (draft 2020-12) of a study file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **StudyFile.model_json_schema(schema_generator=_Plain),
        "title": "Study file of cc-export",
    }


def render() -> str:
    """The text of the file."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the file and say so."""
    FILE.write_text(render(), "utf-8")
    sys.stdout.write(f"{FILE}\n")


if __name__ == "__main__":
    main()
