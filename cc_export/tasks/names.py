"""Names of the tasks, and what each needs to know of an instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

CLASSIFICATION, MULTILABEL, REGRESSION = "classification", "multilabel", "regression"
EMBEDDING, GENERATION = "embedding", "generation"

TRUTH: Mapping[str, Literal["class", "classes", "numbers", "texts"]] = {
    CLASSIFICATION: "class",
    MULTILABEL: "classes",
    REGRESSION: "numbers",
    EMBEDDING: "class",
    GENERATION: "texts",
}
TASK_NAMES = tuple(TRUTH)
