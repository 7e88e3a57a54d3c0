"""InjecAgent's official ReAct scorer, timed over recorded outputs for bench/scoring.ts.

Arguments: the official repository's src/output_parsing.py, a file of JSON Lines {"output", "target", "tools", "user", "instruction"},
the number of rounds. Prints {"n", "seconds", "evals"}: the fastest round, and the verdicts, null where the official code raises.
nltk, of which one function is used, is replaced where it is not installed.
"""

import contextlib
import importlib.util
import io
import json
import sys
import time
import types

try:
    import nltk  # noqa: F401
except ImportError:
    stand_in = types.ModuleType("nltk")
    stand_in.ngrams = lambda words, n: zip(*(words[at:] for at in range(n)))
    sys.modules["nltk"] = stand_in


def main():
    path, source, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    spec = importlib.util.spec_from_file_location("output_parsing", path)
    official = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(official)
    with open(source, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]

    def judge(row):
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                found = official.evaluate_output_prompted(
                    row["output"], row["target"], row["tools"], row["user"], row["instruction"]
                )
            return found["eval"]
        except AssertionError:
            return None

    evals = [judge(row) for row in rows]
    kept = [row for row, found in zip(rows, evals) if found is not None]
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for row in kept:
            official.evaluate_output_prompted(row["output"], row["target"], row["tools"], row["user"], row["instruction"])
        times.append(time.perf_counter() - start)
    print(json.dumps({"n": len(kept), "seconds": min(times), "evals": evals}))


if __name__ == "__main__":
    main()
