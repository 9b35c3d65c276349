#!/usr/bin/env bash
# What the GitHub action runs: the scenario, then what GitHub shows of it. Ends with the scenario's own exit code.
set -euo pipefail

meshmark="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/infra/setup/meshmark.mjs"

arguments=(run "$SCENARIO" --out "$OUT" --fail-on "$FAIL_ON")
if [ -n "$AGAINST" ]; then arguments+=(--against "$AGAINST"); fi

code=0
node "$meshmark" "${arguments[@]}" || code=$?

report=''
# A run that ended with wrong input or before its first slice has nothing to show.
if [ -f "$OUT/report.html" ]; then
  report="$OUT/report.html"
  node "$meshmark" report "$OUT" --format annotations
  node "$meshmark" report "$OUT" --format markdown >> "$GITHUB_STEP_SUMMARY"
fi
{
  echo "exit-code=$code"
  echo "report=$report"
} >> "$GITHUB_OUTPUT"
exit "$code"
