#!/usr/bin/env bash
# `scripts/bench storage`: builds, and hands over to bench_storage.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/environment
source scripts/environment

require_python
case " $* " in
    *" --help "* | *" -h "*) exec python3 scripts/support/bench_storage.py --help ;;
esac
require_swift
require_command wrk wrk
require_command gcc gcc
say "Building"
export ENABLE_BENCHMARKS=1
for product in nectar StorageSpeed; do
    swift build "${release[@]}" --product "$product"
done
built=$(swift build "${release[@]}" --show-bin-path)
gcc -O2 -D_GNU_SOURCE -Wall -Wextra -Werror -o "$built/post_interactions" Benchmarks/Storage/post_interactions.c
exec python3 scripts/support/bench_storage.py "$built" "$@"
