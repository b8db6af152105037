"""The architecture's rules, checked: which folder may include which, behind
which door each foreign library stays, and that docs/architecture.md has a row
for every file and no row without one."""
import fnmatch
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# base <- inspect, certs, store <- extract, proxy, console
MAY_INCLUDE = {
    "base": {"base"},
    "inspect": {"base", "inspect"},
    "extract": {"base", "inspect", "extract"},
    "certs": {"base", "certs"},
    "store": {"base", "store"},
    "console": {"base", "certs", "inspect", "store", "console"},
    "proxy": {"base", "inspect", "certs", "store", "console", "extract", "proxy"},
}

# header pattern -> the only files (patterns) that may include it
DOORS = {
    r"llhttp\.h": r"proxy/h1\w*\.[ch]",
    r"nghttp2/.*": r"proxy/h2\w*\.[ch]",
    r"hs/.*|hs\.h": r"inspect/(scan_job\.h|(scan_hs|rules_hs|rules)\.c)",
    r"openssl/.*": r"base/openssl\.h", # one door, so that its names stay apart from ours
    r"sqlite3\.h": r"store/db_sqlite\.c",
    r"uv\.h": r"proxy/(chan|worker\w*|io_\w+|listener|dial\w*|defer|role\w*|parent\w*|resolve\w*|recorder|asker|minter|extracting|login|collect\w*|cmd_collect)\.[ch]",
    r"curl/.*": r"proxy/collect_http\.c",
    r"ares\.h": r"proxy/(dial\w*|dns|resolve\w*)\.[ch]",
    r"yaml\.h": r"base/yaml\.c",
    r"microhttpd\.h": r"console/http\.c",
    r"sodium\.h": r"base/\w+\.c|inspect/(scan_job\.h|rules_hs\.c|edm_image\.h|edm_file\.c|fingerprint_build\.c)",
    r"archive\.h|archive_entry\.h": r"extract/unpack\.c",
    r"expat\.h": r"extract/xml\.c",
    r"seccomp\.h|linux/landlock\.h": r"proxy/(sandbox\w*\.c|confine\.[ch])",
    r"zlib\.h|brotli/.*|zstd\.h": r"proxy/ws_inflate\.c|inspect/\w+\.c|store/\w+\.c|base/\w+\.c|extract/(image|pdf_objects)\.c",
}
OPENSSL_USERS = r"proxy/tls\w*\.[ch]|certs/.*|base/(digest|openssl)\.[ch]"
MAX_LINES = 800

mistakes = []
files = subprocess.run(["git", "ls-files", "*.c", "*.h"], cwd=ROOT, check=True,
                       stdout=subprocess.PIPE, text=True).stdout.split()
for name in files:
    text = (ROOT / name).read_text()
    folder = name.split("/")[0]
    if folder not in MAY_INCLUDE:
        continue
    if text.count("\n") > MAX_LINES:
        mistakes.append(f"{name}: over {MAX_LINES} lines: two modules in one?")
    for number, line in enumerate(text.splitlines(), 1):
        ours = re.match(r'#include "(\w+)/', line)
        if ours and ours[1] not in MAY_INCLUDE[folder]:
            mistakes.append(f"{name}:{number}: {folder} may not include {ours[1]}")
        if ours and "base/openssl.h" in line and not re.fullmatch(OPENSSL_USERS, name):
            mistakes.append(f"{name}:{number}: base/openssl.h belongs behind {OPENSSL_USERS}")
        foreign = re.match(r"#include <([^>]+)>", line)
        for header, door in DOORS.items():
            if foreign and re.fullmatch(header, foreign[1]) and not re.fullmatch(door, name):
                mistakes.append(f"{name}:{number}: <{foreign[1]}> belongs behind {door}")


def named_files(section):
    """The names (as patterns) in the first column of a folder's table."""
    return [name for row in re.findall(r"^\| (`.*?) \|", section, re.M)
            for name in re.findall(r"`([^`]+)`", row)]


document = (ROOT / "docs/architecture.md").read_text()
for folder in MAY_INCLUDE:
    section = re.search(rf"^\*\*{folder}/\*\*.*?(?=^\*\*|^## )", document, re.M | re.S)
    rows = [name.removesuffix(".h") for name in named_files(section[0])]
    modules = {pathlib.Path(f).stem for f in files if f.split("/")[0] == folder}
    modules = {m for m in modules if not re.search(r"(^|_)(parts|table)$", m)}
    for module in sorted(modules):
        if not any(fnmatch.fnmatchcase(module, row) for row in rows):
            mistakes.append(f"docs/architecture.md: {folder}/{module} has no row")
    for row in rows:
        if not fnmatch.filter(modules, row):
            mistakes.append(f"docs/architecture.md: {folder}/{row} is no file")
print("\n".join(mistakes), end="\n" if mistakes else "")
sys.exit(1 if mistakes else 0)
