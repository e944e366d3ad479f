#!/usr/bin/python3
"""The theory tools against numpy and scipy doing the same work, both sides in turn, medians of several rounds.

    benchmarks/theory.py [ksg ...] [--rounds 5] [--threads 1] [--json FILE]

Needs Debian's python3-scipy and a built benchmarks project (dotnet build -c Release benchmarks). Each task makes its data here, hands them to
our side as a file of float64, and asks both sides for their result and their seconds (our side runs in one process a round, warmed up by the
same work once, as the peer is). The command fails when the results differ by more than the task's tolerance.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OURS = ROOT / "benchmarks/bin/Release/net10.0/ArKernel.Benchmarks.dll"


def ours(task, arrays, parameters, threads):
    """The result and the seconds of our side: `theory TASK FILE PARAMETERS`; the arrays follow one another in the file."""
    import numpy
    with tempfile.NamedTemporaryFile(suffix=".f64") as file:
        for array in arrays:
            numpy.ascontiguousarray(array, numpy.float64).tofile(file)
        file.flush()
        environment = dict(os.environ, DOTNET_PROCESSOR_COUNT=str(threads), DOTNET_TieredPGO="0")
        output = subprocess.run(["dotnet", OURS, "theory", task, file.name, *map(str, parameters)], check=True, capture_output=True, text=True, env=environment).stdout
    answer = json.loads(output)
    return answer["result"], answer["seconds"]


def timed(work):
    work()
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


# --- KSG: mutual information of x and y by Kraskov, Stögbauer and Grassberger's first estimator, k = 4 ---------------------------------

def ksg_peer(x, y, k, threads):
    import numpy
    from scipy.spatial import cKDTree
    from scipy.special import digamma

    def standardised(a):
        return (a - a.mean(0)) / a.std(0)

    def work():
        a, b = standardised(x), standardised(y)
        joint = numpy.hstack([a, b])
        radius = cKDTree(joint).query(joint, k + 1, p=numpy.inf, workers=threads)[0][:, k]
        closed = numpy.nextafter(radius, 0)
        counts = [cKDTree(m).query_ball_point(m, closed, p=numpy.inf, return_length=True, workers=threads) for m in (a, b)]
        return digamma(k) + digamma(len(x)) - numpy.mean(digamma(counts[0]) + digamma(counts[1]))

    return timed(work)


def ksg(threads):
    import numpy
    random = numpy.random.default_rng(1)
    for name, dx, dy, n in [("KSG, 10,000 samples of 3 + 3 dimensions", 3, 3, 10_000), ("KSG, 10,000 samples of 2 + 1 dimensions", 2, 1, 10_000), ("KSG, 80,000 samples of 2 + 1 dimensions", 2, 1, 80_000)]:
        x = random.standard_normal((n, dx))
        y = random.standard_normal((n, dy))
        y[:, 0] += x[:, 0]
        yield name, 1e-9, lambda x=x, y=y: ours("ksg", [x, y], [len(x), x.shape[1], y.shape[1], 4], threads), lambda x=x, y=y: ksg_peer(x, y, 4, threads)


TASKS = {"ksg": ksg}

# -----------------------------------------------------------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="task", help=", ".join(TASKS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(arguments.threads)
    if unknown := set(arguments.tasks) - set(TASKS):
        parser.error(f"unknown task {', '.join(unknown)}; there are {', '.join(TASKS)}")
    rows, failed = [], False
    for task in arguments.tasks or TASKS:
        for name, tolerance, our_side, peer_side in TASKS[task](arguments.threads):
            our_seconds, peer_seconds, difference = [], [], 0.0
            for _ in range(arguments.rounds):
                our_result, seconds = our_side()
                our_seconds.append(seconds)
                peer_result, seconds = peer_side()
                peer_seconds.append(seconds)
                difference = max(difference, abs(our_result - peer_result))
            ours_median, peer_median = statistics.median(our_seconds), statistics.median(peer_seconds)
            agrees = difference <= tolerance
            failed |= not agrees
            rows.append({"task": name, "ours": our_seconds, "peer": peer_seconds, "difference": difference})
            print(f"{name}: {ours_median * 1e3:.1f} ms, scipy {peer_median * 1e3:.1f} ms, {peer_median / ours_median:.2f} times as fast; "
                  f"results differ by {difference:.1e}{'' if agrees else f', more than {tolerance:g}: FAILED'}")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
