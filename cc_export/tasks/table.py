"""The table of tasks: a new one is a module of this package and an entry here."""

from __future__ import annotations

from collections.abc import Mapping

from cc_export.study.records import Evaluation
from cc_export.tasks import classification, custom, embedding, generation, multilabel, regression
from cc_export.tasks.task import Task

TASKS: Mapping[str, Task] = {
    module.TASK.name: module.TASK
    for module in (classification, multilabel, regression, embedding, generation)
}


def task_of(evaluation: Evaluation) -> Task:
    """The task a study asks for; one of its own where it names a callable."""
    return custom.TASK if evaluation.custom else TASKS[evaluation.task]
