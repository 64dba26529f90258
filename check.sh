#!/usr/bin/env bash
# What CI checks besides the tests: style, types, and who may import whom. `.venv` must have the `test` extra.
set -euo pipefail
cd "$(dirname "$0")"
PATH="$PWD/.venv/bin:$PATH"

failed=()
run() {
    echo "== $*"
    "$@" || failed+=("$1 $2")
}

run ruff check
run ruff format --check
run mypy --no-color-output
run lint-imports --no-logo

if ((${#failed[@]})); then
    printf 'failed: %s\n' "${failed[@]}"
    exit 1
fi
echo "all checks passed"
