#!/usr/bin/env bash
# `scripts/bench engine`: builds, installs the peers, and hands over to bench_engine.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/environment
source scripts/environment

peers=.build-bench-engine/python
wanted=scripts/support/bench_engine_requirements.txt

# The peers into a virtual environment, once for each list of them; one that cannot be installed is only told of.
require_peers() {
    ! cmp --silent "$wanted" "$peers/installed" || return 0
    python3 -c 'import ensurepip' 2>/dev/null || require_packages python3-venv
    python3 -m venv --clear "$peers"
    local requirement
    while read -r requirement; do
        say "Installing $requirement into $peers"
        "$peers/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: "$requirement" \
            || say "$requirement could not be installed"
    done < <(grep -v '^#' "$wanted")
    cp "$wanted" "$peers/installed"
}

require_python
case " $* " in
    *" --help "* | *" -h "*) exec python3 scripts/support/bench_engine.py --help ;;
esac
require_swift
require_command taskset util-linux
require_peers
say "Building"
export ENABLE_BENCHMARKS=1
for product in nectar EngineSpeed ServingSpeed; do
    swift build "${release[@]}" --product "$product"
done
exec "$peers/bin/python" scripts/support/bench_engine.py "$(swift build "${release[@]}" --show-bin-path)" \
    "$peers/bin/python" "$@"
