#!/usr/bin/python3
"""Seeds of fuzz_fingerprint: files of fingerprints, whole and damaged, and
texts.  Needs build/release-gcc/promptgate; the sets have keys of their own, so
each run writes other bytes."""
import os
import pathlib
import random
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE / "corpus/fingerprint"
BINARY = HERE.parent.parent / "build/release-gcc/promptgate"
rng = random.Random(4)
WORDS = "plan house price winter north secret table letter Straße 機密 文書 договор naïve Ⅷ ﬃ ½".split()


def prose(words):
    return "".join(rng.choice(WORDS) + rng.choice((" ", " ", " ", "\n", ". ", "\n\n")) for _ in range(words))


def make_set(folder, count, common):
    conf = folder / "p.yaml"
    conf.write_text(f"data_dir: {folder}/data\n")
    path = folder / "set"
    path.unlink(missing_ok=True)
    for i in range(count):
        (folder / f"d{i}").write_text(prose(rng.randrange(60, 200)))
        subprocess.run([BINARY, "fingerprint", "add", "-c", conf, "--file", path, *(["--common"] if i < common else []),
                        folder / f"d{i}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return path.read_bytes()


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    seeds = [b"\0" + prose(n).encode() for n in (0, 1, 5, 40, 100, 300, 700)]
    seeds += [b"\0" + b"a" * 400, b"\0" + b"ab" * 300, b"\0" + bytes(range(256)) * 3, b"\0" + ("x" * 250 + "\n").encode() * 9]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for count in (1, 2, 4, 8):
            whole = make_set(folder, count, count // 4)
            seeds.append(b"\1" + whole)
            seeds += [b"\1" + whole[:rng.randrange(len(whole))] for _ in range(4)]
            for at in [*range(8, 12), *range(48, 80, 4), *(rng.randrange(80, len(whole)) for _ in range(12))]:
                damaged = bytearray(whole)
                damaged[at] ^= rng.choice((1, 128, 255))
                seeds.append(b"\1" + bytes(damaged))
    for i, seed in enumerate(seeds):
        (OUT / f"{i:03}").write_bytes(seed)


if __name__ == "__main__":
    os.umask(0o022)
    main()
