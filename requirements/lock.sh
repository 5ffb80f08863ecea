#!/bin/sh
# Writes the lock files: every package pinned with its hashes, for every platform, without an index address.
# gateway.txt and runner.txt are for the images, dev.txt is all of it and the tools.
set -eu
cd "$(dirname "$0")/.."
compile() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links "$@"; }
compile pyproject.toml --extra gateway --extra runner --extra local --extra broker --group dev \
  requirements/model.in --output-file requirements/dev.txt
compile pyproject.toml --extra gateway --constraint requirements/dev.txt --output-file requirements/gateway.txt
compile pyproject.toml --extra runner --extra local requirements/model.in \
  --constraint requirements/dev.txt --output-file requirements/runner.txt
