"""The same figures by SciPy, statsmodels and scikit-learn: reads cases as JSON, writes their answers as JSON."""

import gc
import json
import sys
import warnings

import numpy as np
from scipy import optimize, special, stats
from sklearn import calibration, metrics
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import label_binarize
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

warnings.filterwarnings("ignore")
BINS = 15


def tails(case):
    t, df, tail = case["t"], case["df"], case["tail"]
    return [2 * stats.t.sf(abs(t), df), stats.t.isf(tail / 2, df), 2 * stats.norm.sf(abs(t))]


def wilson(case):
    return list(proportion_confint(case["successes"], case["count"], 0.05, "wilson"))


def mcnemar_tests(case):
    table = [[10, case["b"]], [case["c"], 10]]
    exact = mcnemar(table, exact=True).pvalue
    approximate = mcnemar(table, exact=False, correction=True).pvalue
    # With equal counts statsmodels' correction turns no difference at all into a small one.
    return [exact, 1.0 if case["b"] == case["c"] else approximate]


def holm(case):
    return list(multipletests(case["ps"], method="holm")[1])


def t_tests(case):
    a, b = case["a"], case["b"]
    answers = []
    tests = [stats.ttest_ind(b, a, equal_var=False)]
    if len(a) == len(b):
        tests.append(stats.ttest_rel(b, a))
    for result in tests:
        interval = result.confidence_interval(0.95)
        answers.append([result.statistic, result.df, result.pvalue, interval.low, interval.high])
    return answers


def binomial(case):
    draws, count = np.array(case["draws"]), case["count"]
    seen = np.cumsum(np.bincount(draws, minlength=count + 1)) / len(draws)
    return float(np.abs(seen - stats.binom.cdf(np.arange(count + 1), count, case["share"])).max())


def bootstrap(case):
    means, differences = np.array(case["means"]), np.array(case["differences"])
    low, high = np.percentile(means, [2.5, 97.5])
    p = 2 * (min((means <= 0).sum(), (means >= 0).sum()) + 1) / (len(means) + 1)
    # The distribution that resampling draws from: the sum of `count` draws of -1, 0 or 1.
    shares = [np.mean(differences == value) for value in (-1, 0, 1)]
    exact = np.array([1.0])
    for _ in differences:
        exact = np.convolve(exact, shares)
    sums = np.rint(means * len(differences)).astype(int) + len(differences)
    seen = np.bincount(sums, minlength=len(exact)) / len(means)
    apart = np.abs(np.cumsum(seen) - np.cumsum(exact)).max()
    return [low, high, min(1, p), apart]


def images_needed(case):
    size, share = case["difference"], (case["discordant"] + 0.5) / (case["count"] + 1)
    share = min(1, max(size, share))
    z, power = stats.norm.ppf(0.975), stats.norm.ppf(0.8)
    needed = int(np.ceil(((z * np.sqrt(share) + power * np.sqrt(share - size**2)) / size) ** 2))
    # The chance that the exact test, on that many images, says p < .05.
    discordant = np.arange(needed + 1)
    likely = stats.binom.pmf(discordant, needed, share)
    most = stats.binom.ppf(0.025, discordant, 0.5)
    most = np.where(stats.binom.cdf(most, discordant, 0.5) <= 0.025, most, most - 1)
    up = (share + size) / (2 * share)
    seen = stats.binom.cdf(most, discordant, up) + stats.binom.sf(discordant - most - 1, discordant, up)
    return [needed, float((likely * seen).sum())]


def binary_curves(case):
    scores, positive = np.array(case["scores"]), np.array(case["positive"])
    precision, recall, at = metrics.precision_recall_curve(positive, scores)
    answer = {"precision": precision, "recall": recall, "at": at}
    for name, drop in [("roc", True), ("whole", False)]:
        x, y, thresholds = metrics.roc_curve(positive, scores, drop_intermediate=drop)
        answer[name] = [x, y, thresholds[1:]]
    both = 0 < positive.sum() < len(positive)
    answer["ap"] = metrics.average_precision_score(positive, scores) if positive.any() else None
    answer["area"] = metrics.roc_auc_score(positive, scores) if both else None
    return answer


def multiclass(case):
    truth, p = np.array(case["truth"]), np.array(case["probabilities"]).reshape(len(case["truth"]), -1)
    classes = np.arange(p.shape[1])
    # For two classes scikit-learn gives one column.
    is_class = np.column_stack([truth == label for label in classes]).astype(int)
    if len(classes) > 2:
        assert (is_class == label_binarize(truth, classes=classes)).all()
    rates = [metrics.roc_curve(is_class[:, k], p[:, k])[:2] for k in classes]
    grid = np.unique(np.concatenate([x for x, _ in rates]))
    return {
        "roc": [metrics.roc_auc_score(is_class, p, average=None), metrics.roc_auc_score(is_class, p, average="macro")],
        "ap": [
            metrics.average_precision_score(is_class, p, average=None),
            metrics.average_precision_score(is_class, p, average="macro"),
        ],
        "micro": [metrics.average_precision_score(is_class, p, average="micro"), metrics.roc_auc_score(is_class, p, average="micro")],
        "grid": grid,
        "upper": np.mean([np.interp(grid, x, y) for x, y in rates], axis=0),
        "top": [top_k(truth, p, k) for k in range(1, len(classes) + 1)],
    }


def top_k(truth, p, k):
    if p.shape[1] == 2:
        # For two classes scikit-learn wants one score and breaks ties by its threshold; with three it ranks the columns.
        p = np.column_stack([p, np.full(len(p), -1.0)])
    return metrics.top_k_accuracy_score(truth, p, k=k, labels=np.arange(p.shape[1]))


def calibration_error(case):
    truth, p = np.array(case["truth"]), np.array(case["probabilities"]).reshape(len(case["truth"]), -1)
    confidence, correct = p.max(axis=1), p.argmax(axis=1) == truth
    accuracy, mean = calibration.calibration_curve(correct, confidence, n_bins=BINS)
    inner = np.linspace(0, 1, BINS + 1)[1:-1]
    counts = np.bincount(np.searchsorted(inner, confidence), minlength=BINS)
    error = np.sum(counts[counts > 0] * np.abs(accuracy - mean)) / len(truth)
    thresholds = np.unique(confidence)
    answered = [confidence >= threshold for threshold in thresholds]
    return {
        "counts": counts,
        "accuracy": accuracy,
        "confidence": mean,
        "error": error,
        "thresholds": thresholds,
        "coverage": [mask.mean() for mask in answered],
        "right": [metrics.accuracy_score(truth[mask], p.argmax(axis=1)[mask]) for mask in answered],
    }


class Logits(ClassifierMixin, BaseEstimator):
    """Gives its input back: for scikit-learn's own temperature scaling."""

    def __init__(self, classes=0):
        self.classes = classes

    def fit(self, x, y):
        self.classes_ = np.arange(self.classes)
        return self

    def decision_function(self, x):
        return x

    def predict(self, x):
        return x.argmax(axis=1)


def temperature(case):
    truth, p = np.array(case["truth"]), np.array(case["probabilities"]).reshape(len(case["truth"]), -1)
    logits, classes = np.log(p), np.arange(p.shape[1])
    rows = np.arange(len(truth))

    def slope(beta):
        return np.mean((special.softmax(beta * logits, axis=1) * logits).sum(axis=1) - logits[rows, truth])

    def loss(beta):
        return -np.mean(special.log_softmax(beta * logits, axis=1)[rows, truth])

    beta = optimize.brentq(slope, 1 / 20, 20, xtol=1e-15, rtol=1e-15)
    scaled = special.softmax(beta * logits, axis=1)
    assert abs(metrics.log_loss(truth, scaled, labels=classes) - loss(beta)) < 1e-9
    answer = {"temperature": 1 / beta, "before": loss(1), "after": loss(beta), "scaled": scaled.ravel()}
    # It splits the rows into five parts before it fits on all of them.
    if len(classes) > 2 and np.bincount(truth).min() >= 5:
        frozen = FrozenEstimator(Logits(len(classes)).fit(logits, truth))
        model = calibration.CalibratedClassifierCV(frozen, method="temperature").fit(logits, truth)
        answer["sklearn"] = 1 / float(model.calibrated_classifiers_[0].calibrators[0].beta_)
    return answer


def classification(case):
    truth, predicted, classes = case["truth"], case["predicted"], np.arange(case["classes"])
    precision, recall, f1, support = metrics.precision_recall_fscore_support(truth, predicted, labels=classes, zero_division=0)
    return {
        "confusion": metrics.confusion_matrix(truth, predicted, labels=classes).ravel(),
        "metrics": np.column_stack([precision, recall, f1, support]).ravel(),
        "macro": metrics.f1_score(truth, predicted, average="macro"),
    }


def plain(value):
    """NaN has no place in JSON: null stands for it."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and not np.isfinite(value) else value


cases = json.load(sys.stdin)
# statsmodels collects garbage at every correction: what lives on need not be looked through each time.
gc.freeze()
json.dump({name: [plain(globals()[name](case)) for case in group] for name, group in cases.items()}, sys.stdout)
