"""Makes scipy.json: what SciPy and statsmodels compute where src/stats computes the same.

    python3 -m venv venv && venv/bin/pip install scipy==1.16.3 statsmodels==0.15.0
    venv/bin/python src/stats/reference/ask-scipy.py > src/stats/reference/scipy.json

The samples are drawn here, with a fixed seed, and stored: the test reads them and draws nothing.
"""

import json
from importlib.metadata import version

import numpy
from scipy import special, stats
from statsmodels.stats.multitest import multipletests

random = numpy.random.default_rng(20261126)


def rounded(values, digits=6):
    return [float(f"{value:.{digits}g}") for value in values]


def student():
    for df in [1, 2, 3, 3.5, 4, 7, 9, 11, 29, 100, 1000]:
        for p in [0.0005, 0.01, 0.2, 0.6, 0.95, 0.975, 0.995, 0.9995, 0.999995]:
            yield {"p": p, "df": df, "quantile": stats.t.ppf(p, df)}


def student_tails():
    for df in [1, 3, 7.5, 11, 40]:
        for t in [-30, -4.5, -1, 0.001, 0.7, 2, 6, 12, 60]:
            yield {"t": t, "df": df, "twoSidedP": 2 * stats.t.sf(abs(t), df), "cdf": stats.t.cdf(t, df)}


def normal():
    for x in [-8, -5, -3.1, -2.9, -1, -0.01, 0.5, 1.6, 2.99, 3.01, 5, 7]:
        yield {"x": x, "cdf": stats.norm.cdf(x)}


def normal_quantiles():
    for p in [1e-6, 0.001, 0.025, 0.3, 0.51, 0.9, 0.995, 0.99995]:
        yield {"p": p, "quantile": stats.norm.ppf(p)}


def beta():
    for a, b in [(0.5, 0.5), (1, 4), (2, 2), (5.5, 0.5), (30, 70), (500, 3)]:
        for x in [0.001, 0.1, 0.3, 0.5, 0.9, 0.999]:
            yield {"x": x, "a": a, "b": b, "value": special.betainc(a, b, x)}


def gamma():
    for x in [0.5, 0.7, 1, 1.5, 3, 10.25, 60, 171, 1500]:
        yield {"x": x, "value": special.gammaln(x)}


def wilson():
    for count, samples in [(0, 10), (1, 40), (7, 20), (30, 1000), (999, 1000), (50, 50)]:
        for confidence in [0.9, 0.95, 0.99]:
            ends = stats.binomtest(count, samples).proportion_ci(confidence, method="wilson")
            yield {"count": count, "samples": samples, "confidence": confidence, "low": ends.low, "high": ends.high}


def holm():
    for size in [1, 2, 5, 12]:
        p = rounded(random.uniform(0, 0.4, size) ** 2)
        yield {"p": p, "adjusted": list(map(float, multipletests(p, method="holm")[1]))}
    yield {"p": [0.01, 0.01, 0.5, 0.5], "adjusted": list(map(float, multipletests([0.01, 0.01, 0.5, 0.5], method="holm")[1]))}


def one_sample_t():
    """The jackknife of a mean is the classical t interval."""
    for size in [4, 8, 12, 30]:
        values = rounded(random.normal(0.1, 1, size))
        tested = stats.ttest_1samp(values, 0)
        for confidence in [0.95, 0.99]:
            ends = tested.confidence_interval(confidence)
            yield {"values": values, "confidence": confidence, "low": ends.low, "high": ends.high, "p": tested.pvalue}


def ratio_of_totals():
    """By pseudo-values (Tukey 1958), of which the interval is again that of a mean: another way to the same number."""
    for size in [4, 10, 25]:
        candidate = numpy.array(rounded(numpy.exp(random.normal(4.7, 0.2, size))))
        baseline = numpy.array(rounded(numpy.exp(random.normal(4.6, 0.2, size))))
        all_units = numpy.log(candidate.sum() / baseline.sum())
        without = numpy.log((candidate.sum() - candidate) / (baseline.sum() - baseline))
        pseudo = size * all_units - (size - 1) * without
        for confidence in [0.95, 0.99]:
            half = stats.sem(pseudo) * stats.t.ppf((1 + confidence) / 2, size - 1)
            yield {
                "candidate": candidate.tolist(),
                "baseline": baseline.tolist(),
                "confidence": confidence,
                "ratio": numpy.exp(all_units),
                "low": numpy.exp(all_units - half),
                "high": numpy.exp(all_units + half),
                "p": 2 * stats.t.sf(abs(all_units) / stats.sem(pseudo), size - 1),
            }


def kolmogorov():
    for size in [20, 100, 400]:
        for mean in [1.0, 1.3]:
            sample = rounded(random.exponential(mean, size), 5)
            tested = stats.kstest(sample, stats.expon(scale=1).cdf, method="exact")
            yield {"sample": sample, "distance": tested.statistic, "p": tested.pvalue}


parts = [
    ("student", student()),
    ("studentTails", student_tails()),
    ("normal", normal()),
    ("normalQuantiles", normal_quantiles()),
    ("beta", beta()),
    ("gamma", gamma()),
    ("wilson", wilson()),
    ("holm", holm()),
    ("oneSampleT", one_sample_t()),
    ("ratioOfTotals", ratio_of_totals()),
    ("kolmogorov", kolmogorov()),
]


def written(row):
    return "    " + json.dumps({key: value if isinstance(value, (list, int)) else float(value) for key, value in row.items()})


made = f"ask-scipy.py beside this file, with SciPy {version('scipy')}, statsmodels {version('statsmodels')}"
body = ",\n".join(f'  "{name}": [\n' + ",\n".join(map(written, rows)) + "\n  ]" for name, rows in parts)
print('{\n  "madeBy": %s,\n%s\n}' % (json.dumps(made), body))
