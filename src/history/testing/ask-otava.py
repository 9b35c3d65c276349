"""Makes otava.json: what Apache Otava finds in the series of otava-series.ts.

    python3 -m venv venv && venv/bin/pip install apache-otava==0.8.0
    npm run build
    node dist/history/testing/otava-series.js | venv/bin/python src/history/testing/ask-otava.py > src/history/testing/otava.json

Otava is asked as its command line asks it: compute_change_points with its own defaults (windows of 50 values, p below
0.001, any magnitude); and with p below 0.01, which is the level of meshmark. `divisive` is what its own implementation of
Matteson and James's method says, with 100 shuffles at 0.01, a fixed seed, and no least number of values on a side.
"""

import json
import sys
from importlib.metadata import version

from otava.analysis import compute_change_points, compute_change_points_orig

series = json.load(sys.stdin)


def found(values, **settings):
    points, _ = compute_change_points(list(map(float, values)), **settings)
    return [int(point.index) for point in points]


def found_by_shuffles(values):
    points, _ = compute_change_points_orig(list(map(float, values)), max_pvalue=0.01, seed=1)
    return [int(point.index) for point in points]


rows = [
    {
        **one,
        "otava": found(one["values"]),
        "otavaAtOnePercent": found(one["values"], max_pvalue=0.01),
        "divisive": found_by_shuffles(one["values"]),
    }
    for one in series
]
print('{"tool": %s,\n "madeBy": "ask-otava.py beside this file",\n "series": [' % json.dumps(f"apache-otava {version('apache-otava')}"))
print(",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows))
print("]}")
