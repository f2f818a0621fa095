"""Python's own answers about the digits study, as JSON: what the page must show.

``native.py study`` · ``native.py explain ID…`` · ``native.py uncertain COUNT ID…`` ·
``native.py activation INSTANCE TENSOR BINS ID…``
"""

from __future__ import annotations

import json
import sys

import numpy as np

from cc_core import api
from cc_core.jsonable import jsonable
from cc_core.selection import encode, explain
from cc_export.dataset import Dataset, open_dataset
from cc_export.demo import demo_study
from cc_export.evaluate import Subject, activation, batch_size, evaluate
from cc_export.inspect import inspect_model
from cc_export.selections import forest_of
from cc_export.study import LoadedStudy, load_study


def study_facts(study: LoadedStudy) -> object:
    """What the overview shows."""
    return {
        "title": study.title,
        "models": [model.id for model in study.models],
        "operations": sorted({m.operation.name for m in study.models if m.operation}),
        "instances": len(_dataset(study)),
        "dataset": _dataset(study).source.name,
    }


def explanation(study: LoadedStudy, *selected: str) -> object:
    """What differs among the selected models, and how it is drawn."""
    found = explain(forest_of(study.models), selected)
    return {"explanation": found, "chart": encode(found)}


def uncertain(study: LoadedStudy, count: str, *selected: str) -> object:
    """The instance, of the first few, of whose class the selected models together are least sure.

    Where models hesitate, two builds of one engine show best how far apart they are.
    """
    assert study.evaluation is not None
    dataset = _dataset(study)
    sure = np.zeros(int(count))
    for path in _paths(study, selected):
        operators = (name for name, _ in inspect_model(path).operators)
        subject = Subject(path.name, path, None, batch_size(operators))
        values = evaluate(subject, dataset, study.evaluation).values
        # Each instance has some places, the most probable class first.
        first = np.cumsum(values["places"]) - values["places"]
        sure += values["probabilities"][first[: int(count)]]
    return int(sure.argmin())


def activations(
    study: LoadedStudy, instance: str, tensor: str, bins: str, *selected: str
) -> object:
    """Distributions of one tensor of the selected models on one instance, from onnxruntime."""
    which = slice(int(instance), int(instance) + 1)
    dataset = _dataset(study)
    values = [activation(path, dataset, [tensor], which)[0] for path in _paths(study, selected)]
    described = [{"dtype": value.dtype.name, "shape": value.shape} for value in values]
    request = json.dumps({"bins": int(bins), "tensors": described})
    answer, _ = api.dispatch("distributions", request, [value.tobytes() for value in values])
    return json.loads(answer)


def _dataset(study: LoadedStudy) -> Dataset:
    assert study.dataset is not None
    return open_dataset(study.dataset)


def _paths(study: LoadedStudy, selected: tuple[str, ...]) -> list:
    by_id = {model.id: model.onnx for model in study.models}
    return [by_id[model] for model in selected]


QUESTIONS = {
    "study": study_facts,
    "explain": explanation,
    "uncertain": uncertain,
    "activation": activations,
}

if __name__ == "__main__":
    question, *arguments = sys.argv[1:]
    answer = QUESTIONS[question](load_study(demo_study()), *arguments)
    sys.stdout.write(json.dumps(jsonable(answer)))
