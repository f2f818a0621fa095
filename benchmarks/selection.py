"""Speed and quality of selection variables: ``python benchmarks/selection.py [STUDIES]``.

CPU time of one explanation with its chart, on seeded random forests and, where their folder is
given or lies beside the checkout, on the reference studies beside the reference's costs.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cc_core.jsonable import jsonable
from cc_core.selection import Forest, Model, Operation, encode, explain

STUDIES = Path(__file__).parents[2] / "shared" / "data" / "reference_studies"
NAMES = ("imagenet_tutorial_5", "celeba_8", "imagenet_userstudy_20", "t5_squad_40", "imagenet_52")
OPERATIONS: dict[str, dict[str, list[object]]] = {
    "prune": {"amount": [0.3, 0.5, 0.7, 0.9], "scope": ["all", "spare norm"]},
    "quantize": {"bits": [4, 8, 16]},
    "train": {"epochs": [1, 5, 10, 30], "rate": [0.1, 0.01]},
    "calibrate": {"data": ["train", "held-out"]},
    "distill": {"temperature": [1, 2, 4]},
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A selection, and the reference's cost for it where that is known and truthful."""

    forest: Forest
    ids: Sequence[str]
    reference: int | None = None


def random_study(count: int, depth: int, seed: int) -> list[Model]:
    """Models in trees of at most ``depth`` operations, with random operations and parameters."""
    rng = random.Random(seed)
    models: list[Model] = []
    depths: dict[str, int] = {}
    for number in range(count):
        open_models = [m.id for m in models if depths[m.id] < depth]
        parent = (rng.choice(open_models),) if number >= 3 and open_models else ()
        name = rng.choice(list(OPERATIONS))
        parameters = {key: rng.choice(values) for key, values in OPERATIONS[name].items()}
        model = Model(f"m{number}", parent, Operation(name, parameters))
        depths[model.id] = 1 + (depths[parent[0]] if parent else 0)
        models.append(model)
    return models


def random_selections(count: int, selected: int, asked: int) -> list[Asked]:
    models = random_study(count, 6, seed=1)
    forest = Forest(models)
    rng = random.Random(2)
    return [Asked(forest, rng.sample([m.id for m in models], selected)) for _ in range(asked)]


def reference_selections(folder: Path, study: str) -> list[Asked]:
    known = json.loads((folder / "baseline_selections.json").read_text())["studies"][study]
    forest = Forest(_models(folder, study))
    return [Asked(forest, s["ids"], None if s["collisions"] else s["cost"]) for s in known]


def _models(folder: Path, study: str) -> list[Model]:
    return [
        Model(
            record["id"],
            (record["base"],) if record["base"] else (),
            Operation(**record["operation"]) if record["operation"] else None,
        )
        for record in json.loads((folder / f"{study}.json").read_text())["models"]
    ]


def report(title: str, asked: Sequence[Asked]) -> None:
    """One line: CPU milliseconds, share proven, mean cost, share charted."""
    times, found = [], []
    for one in asked:
        start = time.process_time()
        explanation = explain(one.forest, one.ids)
        chart = encode(explanation)
        times.append(1000 * (time.process_time() - start))
        found.append((one, explanation, sum(len(mark.models) for mark in chart.marks)))
    times.sort()
    p50, p95, p99 = (times[min(len(times) - 1, int(len(times) * p))] for p in (0.5, 0.95, 0.99))
    known = [(e.cost, one.reference) for one, e, _ in found if one.reference is not None]
    line = (
        f"{title:<34} {p50:8.1f} {p95:8.1f} {p99:8.1f} {times[-1]:8.1f}"
        f" {_share(e.proven for _, e, _ in found):>7}"
        f" {_mean([e.cost for _, e, _ in found]):6.2f}"
        f" {_share(charted == len(set(one.ids)) for one, _, charted in found):>7}"
    )
    if known:
        worse = sum(cost > reference for cost, reference in known)
        costs, references = zip(*known, strict=True)
        line += f"  {_mean(costs):.2f}, reference {_mean(references):.2f}; dearer {worse}"
    print(line)


def _share(flags: object) -> str:
    values = list(flags)  # type: ignore[call-overload]
    return f"{100 * sum(values) / len(values):.1f}%"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def suites(folder: Path) -> Iterator[tuple[str, list[Asked]]]:
    """Every group of selections, by the title it is reported under."""
    for study in NAMES if folder.is_dir() else ():
        yield study, reference_selections(folder, study)
        models = _models(folder, study)
        forest, ids = Forest(models), [model.id for model in models]
        rng = random.Random(3)
        sizes = range(2, min(16, len(ids)) + 1)
        some = [Asked(forest, rng.sample(ids, rng.choice(sizes))) for _ in range(200)]
        yield f"{study}, random 2 to 16", some
        yield f"{study}, all at once", [Asked(forest, ids)] * 5
    yield "8 random of 300, depth 6", random_selections(300, 8, 200)
    yield "16 random of 1,000, depth 6", random_selections(1_000, 16, 100)
    models = random_study(1_000, 6, seed=1)
    yield "all of 1,000, depth 6", [Asked(Forest(models), [m.id for m in models])] * 3


def main() -> None:
    """Print the table; with ``--questions`` the selections as JSON, for ``selection.mjs``."""
    folders = [argument for argument in sys.argv[1:] if argument != "--questions"]
    folder = Path(folders[0]) if folders else STUDIES
    if "--questions" in sys.argv:
        print(json.dumps([_questions(title, asked) for title, asked in suites(folder)]))
        return
    heads = "  median      p95      p99      max  proven   cost charted"
    print(f"{'CPU ms':<34} {heads}")
    for title, asked in suites(folder):
        report(title, asked)


def _questions(title: str, asked: Sequence[Asked]) -> dict[str, object]:
    models = [jsonable(model) for model in asked[0].forest.models]
    return {"title": title, "models": models, "selections": [list(one.ids) for one in asked]}


if __name__ == "__main__":
    main()
