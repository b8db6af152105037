"""Runs the tests and says what passed: unit tests and replayed corpora under
the sanitizers, then (without --fast) the end-to-end tests of tests/e2e.

    tests/run.py [--fast] [WORD ...]     only tests whose name has a WORD

A file of end-to-end tests that failed is run once more at the end, alone; if it
passes then, it is FLAKY: told with all of its first output, and no failure
(docs/testing.md).  A crash stays one.
"""
import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILT = ROOT / "build/sanitize-gcc/tests"
ENV = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:abort_on_error=0",
           UBSAN_OPTIONS="print_stacktrace=1",
           EVAL_DIR=os.path.abspath(os.environ.get("EVAL_DIR", ROOT / "../shared/eval")))
MAX_SECONDS = 900
SAID_LINES = 400  # of one that failed
# What no other run makes good: gateway.py's check_health.
CRASH = re.compile(r"event=role\.ended.* signal=(?:4|6|7|8|11|31)\b|Sanitizer|runtime error:")


def unit_tests():
    for source in sorted((ROOT / "tests/unit").glob("test_*.c")):
        yield source.stem, [str(BUILT / "unit" / source.stem)]


def replays():
    for source in sorted((ROOT / "tests/fuzz").glob("fuzz_*.c")):
        corpus = ROOT / "tests/fuzz/corpus" / source.stem.removeprefix("fuzz_")
        yield "corpus of " + source.stem, [str(BUILT / "replay" / source.stem), str(corpus)]


def end_to_end():
    for source in sorted((ROOT / "tests/e2e").glob("test_*.py")):
        yield "e2e " + source.stem, ["/usr/bin/python3", "-m", "unittest", "-v", source.name]


def count(output):
    """(passed, failed) as the runners say it; a run that says nothing is one."""
    cmocka = re.findall(r"\[  PASSED  \] (\d+) test", output)
    if cmocka:
        return sum(map(int, cmocka)), sum(map(int, re.findall(r"^\[  FAILED  \] (\d+) test", output, re.M)))
    unittest = re.search(r"^Ran (\d+) tests?", output, re.M)
    if unittest:
        bad = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", output))
        skipped = sum(int(n) for n in re.findall(r"skipped=(\d+)", output))
        return max(0, int(unittest[1]) - bad - skipped), bad
    return 1, 0


Outcome = collections.namedtuple("Outcome", "test passed failed output")


def run(name, command, cwd):
    start = time.monotonic()
    try:
        done = subprocess.run(command, cwd=cwd, env=ENV, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, timeout=MAX_SECONDS, errors="replace")
        output, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as stuck:
        output, status = (stuck.stdout or b"").decode(errors="replace") + "\ntimed out", 1
    passed, failed = count(output)
    if status != 0:
        failed = max(failed, 1)
    said = [f"{'ok  ' if failed == 0 else 'FAIL'} {name}: {passed} passed, {failed} failed "
            f"({time.monotonic() - start:.1f} s)"]
    said += ["     " + line for line in output.splitlines()
             if re.search(r"^\[  SKIPPED \] [a-z]\w+$|\.\.\. skipped", line)]
    if failed:
        said += output.splitlines()[-SAID_LINES:]
    print("\n".join(said), flush=True)  # in one piece: others run meanwhile
    return Outcome((name, command, cwd), passed, failed, output)


def run_all(tests, at_once):
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda test: run(*test), tests))


def again(first):
    """Of a file that failed: (its outcome now, how many tests were flaky)."""
    if not first.failed or CRASH.search(first.output):
        return first, 0
    second = run(*first.test)
    if second.failed:
        return second, 0
    print(f"FLAKY {first.test[0]}: {first.failed} failed and passed when run again; the first output:\n"
          + first.output, flush=True)
    return second._replace(passed=second.passed - first.failed), first.failed


def main():
    words = [a for a in sys.argv[1:] if not a.startswith("-")]

    def wanted(tests, cwd):
        return [(n, c, cwd) for n, c in tests if not words or any(w in n for w in words)]

    results, flaky = run_all(wanted((*unit_tests(), *replays()), ROOT), os.cpu_count() or 1), 0
    if "--fast" not in sys.argv:  # these measure time: one after another
        firsts = run_all(wanted(end_to_end(), ROOT / "tests/e2e"), 1)
        seconds = [again(first) for first in firsts]
        results += [outcome for outcome, _ in seconds]
        flaky = sum(count for _, count in seconds)
    passed, failed = (sum(getattr(r, what) for r in results) for what in ("passed", "failed"))
    print(f"{passed} passed, {failed} failed" + (f", {flaky} flaky" if flaky else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
