"""Has published implementations measure a small example, for Nectar's metrics to agree with. See scripts/fixtures.

Which implementation gave a number stands beside it. Where two define a measure alike, both are written down and are equal.
"""

import json
import math
import pathlib
import sys
from importlib.metadata import version

import numpy
import ranx
import scipy.stats
import sklearn.metrics
import torch
from recbole.evaluator import metrics as recbole
from sklearn.metrics.pairwise import cosine_similarity
from torchmetrics.classification import BinaryCalibrationError

# RecBole 1.2.1 still says so; numpy no longer does.
numpy.float = float

USERS, ITEMS, CUTOFFS, LIST_LENGTH = 14, 30, [1, 3, 5, 10], 3


def example(random):
    """Scores without ties; what each user trained on and what is held out; ratings given and predicted."""
    scores = numpy.round(random.permutation(USERS * ITEMS).reshape(USERS, ITEMS) / 100 - 2, 2)
    train, held = [], []
    for user in range(USERS):
        shuffled = random.permutation(ITEMS)
        seen, kept = 2 + user % 7, 1 + user % 4
        train.append(sorted(int(i) for i in shuffled[:seen]))
        held.append(sorted(int(i) for i in shuffled[seen:seen + kept]))
        # A model that has learnt something: held-out items tend to be near the top.
        scores[user, held[user]] = numpy.round(scores[user, held[user]] + 1.505, 3)
    given = [[float(random.integers(1, 6)) for _ in items] for items in held]
    predicted = [[round(float(numpy.clip(g + random.normal(), 1, 5)), 3) for g in ratings] for ratings in given]
    return scores, train, held, given, predicted


def ranking(scores, train, held):
    """Item indices of each user, best first, without those trained on: over the whole catalogue."""
    ranked = []
    for user in range(USERS):
        candidates = [i for i in range(ITEMS) if i not in train[user]]
        ranked.append(sorted(candidates, key=lambda item: -scores[user, item]))
    return ranked


def by_recbole(ranked, held):
    config = {"topk": CUTOFFS, "metric_decimal_place": 17}
    longest = max(CUTOFFS)
    hits = numpy.array([[item in held[user] for item in ranked[user][:longest]] for user in range(USERS)])
    lengths = numpy.array([len(items) for items in held])
    curves = {
        "hit_rate": recbole.Hit(config).metric_info(hits),
        "mrr": recbole.MRR(config).metric_info(hits),
        "recall": recbole.Recall(config).metric_info(hits, lengths),
        "precision": recbole.Precision(config).metric_info(hits),
        "ndcg": recbole.NDCG(config).metric_info(hits, lengths),
        "map": recbole.MAP(config).metric_info(hits, lengths),
    }
    matrix = numpy.array([items[:LIST_LENGTH] for items in ranked])
    beyond = {
        "coverage": recbole.ItemCoverage(config).get_coverage(matrix, ITEMS),
        "gini": recbole.GiniIndex(config).get_gini(matrix, ITEMS),
    }
    figures = {f"{name}_at_{k}": float(curve[:, k - 1].mean()) for name, curve in curves.items() for k in CUTOFFS}
    return figures, {name: float(value) for name, value in beyond.items()}, curves["ndcg"][:, 4]


def by_ranx(scores, ranked, held):
    qrels = ranx.Qrels({f"u{u}": {f"i{i}": 1 for i in held[u]} for u in range(USERS)})
    run = ranx.Run({f"u{u}": {f"i{i}": float(scores[u, i]) for i in ranked[u]} for u in range(USERS)})
    names = {"hit_rate": "hit_rate", "mrr": "mrr", "recall": "recall", "precision": "precision", "ndcg": "ndcg"}
    wanted = {f"{ours}_at_{k}": f"{theirs}@{k}" for ours, theirs in names.items() for k in CUTOFFS}
    wanted["mrr"] = "mrr"
    found = ranx.evaluate(qrels, run, list(wanted.values()))
    return {ours: float(found[theirs]) for ours, theirs in wanted.items()}


def area_under_curve(scores, ranked, held):
    areas = []
    for user in range(USERS):
        labels = [item in held[user] for item in ranked[user]]
        areas.append(sklearn.metrics.roc_auc_score(labels, [scores[user, item] for item in ranked[user]]))
    return float(numpy.mean(areas))


def diversity_and_novelty(ranked, train):
    takers = numpy.zeros((ITEMS, USERS))
    for user, items in enumerate(train):
        takers[items, user] = 1
    similar = cosine_similarity(takers)
    lists = [items[:LIST_LENGTH] for items in ranked]
    distances = [1 - similar[numpy.ix_(items, items)][numpy.triu_indices(len(items), 1)].mean() for items in lists]
    surprises = [math.log2(USERS / max(1, takers[item].sum())) for items in lists for item in items]
    return float(numpy.mean(distances)), float(numpy.mean(surprises))


def calibration(random):
    probabilities = numpy.round(random.uniform(size=60), 3)
    outcomes = (random.uniform(size=60) < probabilities ** 2).astype(int)
    error = BinaryCalibrationError(n_bins=15, norm="l1")(
        torch.tensor(probabilities, dtype=torch.float64), torch.tensor(outcomes))
    return {
        "probabilities": probabilities.tolist(), "outcomes": outcomes.tolist(),
        "source": f"torchmetrics {version('torchmetrics')}", "expected_error": float(error),
    }


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    random = numpy.random.default_rng(20)
    scores, train, held, given, predicted = example(random)
    ranked = ranking(scores, train, held)
    recbole_figures, beyond, ndcg_of_users = by_recbole(ranked, held)
    ranx_figures = by_ranx(scores, ranked, held)
    for name in recbole_figures.keys() & ranx_figures.keys():
        assert abs(recbole_figures[name] - ranx_figures[name]) < 1e-12, name
    diversity, novelty = diversity_and_novelty(ranked, train)
    flat_given, flat_predicted = sum(given, []), sum(predicted, [])
    interval = scipy.stats.bootstrap(
        (ndcg_of_users,), numpy.mean, n_resamples=200_000, method="percentile", batch=10_000,
        random_state=numpy.random.default_rng(3)).confidence_interval
    result = {
        "made_by": "scripts/fixtures metrics",
        "example": {"scores": scores.tolist(), "train": train, "held_out": held, "given": given, "predicted": predicted,
                    "list_length": LIST_LENGTH},
        "ranking": {
            f"recbole {version('recbole')}": recbole_figures,
            f"ranx {version('ranx')}": ranx_figures,
            f"scikit-learn {version('scikit-learn')}": {"auc": area_under_curve(scores, ranked, held)},
        },
        "beyond_accuracy": {
            f"recbole {version('recbole')}": beyond,
            f"scikit-learn {version('scikit-learn')}, cosine_similarity of the items' users": {"diversity": diversity},
            f"numpy {version('numpy')}, the formula": {"novelty": novelty},
        },
        "rating": {
            f"scikit-learn {version('scikit-learn')}": {
                "mse": sklearn.metrics.mean_squared_error(flat_given, flat_predicted),
                "rmse": sklearn.metrics.root_mean_squared_error(flat_given, flat_predicted),
                "mae": sklearn.metrics.mean_absolute_error(flat_given, flat_predicted),
            }
        },
        "interval": {
            "source": f"scipy {version('scipy')}, bootstrap of 200,000 resamples, percentile, 95 %",
            "figure": "ndcg_at_5", "low": float(interval.low), "high": float(interval.high),
        },
        "calibration": calibration(random),
    }
    members = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in result.items()]
    (folder / "published.json").write_text("{\n" + ",\n".join(members) + "\n}\n")
    print(f"{len(recbole_figures)} figures of ranking, written to {folder}; NDCG@5 {recbole_figures['ndcg_at_5']:.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
