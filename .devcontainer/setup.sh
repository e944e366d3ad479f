#!/usr/bin/env bash
# Prepares a container (or any Debian or Ubuntu machine with the .NET 10 SDK): `setup.sh [step…]`, all steps without arguments.
set -euo pipefail
cd "$(dirname "$0")/.."

# Jupyter to open the notebooks in, Chromium and nbformat for the tests that render and validate them.
system() {
  local sudo=""
  if [ "$(id -u)" -ne 0 ]; then
    sudo=sudo
  fi
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends jupyter-notebook python3-nbformat >/dev/null
  # Ubuntu packages Chromium only as a snap, which containers cannot run; the tests that need it say so.
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1 || echo "setup: no Chromium package here"
}

# The command line, ready for its first use, and proof that torch loads.
build() {
  ./arkernel info
}

# The kernels in Jupyter and in VS Code.
kernels() {
  ./arkernel jupyter install
}

for step in "${@:-system build kernels}"; do
  for name in $step; do
    case $name in
      system | build | kernels) "$name" ;;
      *) echo "setup: unknown step '$name' (system, build, kernels)" >&2; exit 2 ;;
    esac
  done
done
