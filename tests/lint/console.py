"""What the console's pages promise: text becomes markup nowhere, nothing runs
that the content security policy would stop, and the first load stays small."""
import pathlib
import re
import sys

STATIC = pathlib.Path(__file__).resolve().parent.parent.parent / "console/static"
FIRST_LOAD_MAX = 200 * 1024
FORBIDDEN = (r"\b(?:inner|outer)HTML\b|\binsertAdjacentHTML\b|\bdocument\.write|\bsrcdoc\b|\bDOMParser\b|\beval\s*\(|"
             r"\bnew Function\b|createContextualFragment|setHTMLUnsafe|javascript:")
INLINE = r"<script(?![^>]*\bsrc=)|\sstyle=|<style|\son\w+="


def main():
    bad = []
    files = [f for f in STATIC.rglob("*") if f.is_file()]
    for path in (f for f in files if f.suffix in (".js", ".html")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            pattern = FORBIDDEN if path.suffix == ".js" else f"{FORBIDDEN}|{INLINE}"
            for found in re.findall(pattern, line):
                bad.append(f"{path}:{number}: {found.strip()} has no place here")
    size = sum(f.stat().st_size for f in files if "public" not in f.parts)
    if size > FIRST_LOAD_MAX:
        bad.append(f"{STATIC}: {size} bytes; a first load is at most {FIRST_LOAD_MAX}")
    index = (STATIC / "index.html").read_text()
    for path in (STATIC / "js").glob("*.js"):
        if f'"/static/js/{path.name}"' not in index:
            bad.append(f"{path}: not loaded ahead by index.html, so it would wait for the others")
    print("\n".join(bad), end="\n" if bad else "")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
