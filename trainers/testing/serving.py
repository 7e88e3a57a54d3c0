"""A real server for the packages' tests: `tribune serve env` from this checkout, on a free port, with its log.

TRIBUNE_NODE names the program that runs it; without it `node`. Not a part of any package.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SUITE = ROOT / "trainers" / "trl" / "tests" / "suite.jsonl"
MAIN = [os.environ.get("TRIBUNE_NODE", "node"), "--conditions=tribune-source", str(ROOT / "src/cli/main.ts")]


@dataclass(frozen=True)
class Server:
    url: str
    log: Path

    def events(self, kind: str, ended: Collection[str] = (), ends: int = 0) -> list[dict[str, Any]]:
        """The log's events of a kind, once these episodes, and so many, have an end in it: it is written behind answers."""
        for _ in range(600):
            text = self.log.read_text() if self.log.exists() else ""
            lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
            have = {line["episode"] for line in lines if line["event"] == "end"}
            if have.issuperset(ended) and len(have) >= ends:
                return [line for line in lines if line["event"] == kind]
            time.sleep(0.05)
        raise AssertionError(f"the log has no end of {sorted(set(ended) - have)}, and {len(have)} ends, not {ends}")


@contextmanager
def run_server(words: Sequence[str]) -> Iterator[str]:
    """Runs a verb that serves and says `{"url"}`; ends it afterwards."""
    process = subprocess.Popen([*MAIN, *words, "--port", "0", "--json"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        said = ""
        for line in process.stdout:
            said += line
            if line.rstrip().endswith("}"):
                break
        yield str(json.loads(said)["url"])
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@contextmanager
def serve_suite(folder: Path, *more: str) -> Iterator[Server]:
    log = folder / "log.jsonl"
    with run_server(["serve", "env", str(SUITE), "--log", str(log), *more]) as url:
        yield Server(url, log)
