#!/usr/bin/env bash
# Everything that proves the project works; ends with the line 'N passed, N failed'. Under CI=true nothing is skipped but GPU tests.
set -uo pipefail
cd "$(dirname "$0")"

passed=0 failed=0 skipped=0
check() { # check NAME COMMAND…: one proof of its own
  local name=$1
  shift
  echo "== $name"
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $name" >&2
  fi
}

finish() {
  echo "$passed passed, $failed failed$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
  [ "$failed" -eq 0 ]
  exit
}

# What the tests need beside the SDK: Chromium renders pages; Debian's Jupyter packages are the real clients of the kernel, and its Python kernel is
# what a notebook connects to; tmux types at consoles.
missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v tmux >/dev/null || missing+=(tmux)
for package in nbformat jupyter-kernel-test:jupyter_kernel_test jupyter-client:jupyter_client jupyter-console:jupyter_console nbconvert notebook ipykernel numpy pandas; do
  /usr/bin/python3 -c "import importlib.util, sys; sys.exit(importlib.util.find_spec('${package##*:}') is None)" 2>/dev/null || missing+=("python3-${package%%:*}")
done
for command in jupyter:jupyter-core jupyter-console:jupyter-console jupyter-nbconvert:jupyter-nbconvert jupyter-notebook:jupyter-notebook jupyter-kernelspec:jupyter-client; do
  command -v "${command%%:*}" >/dev/null || missing+=("${command##*:}")
done
missing=($(printf '%s\n' ${missing[@]+"${missing[@]}"} | sed 's/^python3-jupyter-console$/jupyter-console/' | sort -u))
if [ ${#missing[@]} -gt 0 ] && command -v apt-get >/dev/null; then
  sudo=""
  [ "$(id -u)" -eq 0 ] || sudo=$(command -v sudo || true)
  if [ "$(id -u)" -eq 0 ] || [ -n "$sudo" ]; then
    echo "== installing ${missing[*]}"
    $sudo apt-get update -qq &&
      DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
fi
command -v chromium >/dev/null || echo "chromium is not here: tests that look at rendered pages are skipped"
command -v jupyter >/dev/null || echo "Jupyter is not here: tests with its clients are skipped"

check "the solution builds without a warning" dotnet build ArKernel.slnx -c Release -nologo -v quiet || finish
[ "$failed" -eq 0 ] || finish
check "the development container's build step runs" bash .devcontainer/setup.sh build
[ "$failed" -eq 0 ] || finish

# A suite that hangs is named, ended and failed: its log says which test was running, the process list what it was waiting for. The log is a file, not a pipe, which
# a process left behind by a test would keep open.
run_suite() { # run_suite EXECUTABLE LOG
  timeout --kill-after=60 1800 "$1" -noColor -noLogo -longRunning 180 >"$2" 2>&1 </dev/null &
  local suite=$!
  tail -n +1 -f --pid="$suite" "$2"
  wait "$suite"
  [ $? -ne 124 ] || { echo "ended after 30 minutes, with these processes about:" && ps -eo pid,ppid,etime,stat,args --forest; }
}

for project in Theory ArKernel Interactive Notebook Notebooks Kernel; do
  echo "== tests/$project"
  executable=$(ls tests/$project/bin/Release/net10.0/*.Tests 2>/dev/null)
  log=$(mktemp)
  run_suite "$executable" "$log"
  summary=$(grep -E 'Total: [0-9]+, Errors: [0-9]+' "$log" | tail -n 1)
  rm -f "$log"
  if [ -z "$summary" ]; then
    failed=$((failed + 1))
    echo "FAILED: tests/$project ended without a summary" >&2
    continue
  fi
  number() { sed -E "s/.*$1: ([0-9]+).*/\1/" <<<"$summary"; }
  bad=$(($(number Errors) + $(number Failed)))
  # 'Not Run' are explicit tests: the bodies of child processes that other tests start.
  passed=$((passed + $(number Total) - bad - $(number Skipped) - $(number 'Not Run')))
  failed=$((failed + bad))
  skipped=$((skipped + $(number Skipped)))
done
finish
