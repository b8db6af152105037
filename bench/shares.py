"""Where a worker's CPU time goes, by part: perf's stacks of one scenario, each
given to the first part whose functions stand in it.  Stacks need frame
pointers: BUILD=profile (docs/performance.md)."""
import collections
import subprocess
import time

# Part, and the beginnings of the functions that make it; first match counts.
PARTS = (
    ("answer: events, JSON, deltas", ("answer_feed", "chatgpt_answer", "exchange_step_response")),
    ("scan", ("scan_",)),
    ("channels to storer and keeper", ("chan_", "recorder_put", "asked_send", "entry_send", "on_message")),
    ("exchange: route, extract, activity", ("exchange_", "send_records", "activity_")),
    ("kernel: writing to sockets", ("__GI___libc_write", "__libc_write", "ksys_write", "vfs_write")),
    ("kernel: reading from sockets", ("__GI___libc_read", "__libc_read", "ksys_read", "vfs_read")),
    ("kernel: waiting and waking", ("epoll_", "__epoll", "do_epoll", "ep_")),
    ("TLS", ("SSL_", "tls_")),
    ("HTTP codecs", ("h1_", "h2_", "llhttp", "nghttp2")),
)
LIBRARIES = (("TLS", ("libcrypto", "libssl")), ("HTTP codecs", ("libnghttp2",)))


def part_of(stack):
    library = stack[0][1]
    for name, starts in PARTS:
        if name.startswith("kernel") and "kernel" not in library:
            continue
        if any(symbol.startswith(starts) for symbol, _ in stack):
            return name
    for name, libraries in LIBRARIES:
        if any(word in library for word in libraries):
            return name
    return "kernel: other" if "kernel" in library else "session, loop, memory"


def stacks(data):
    out = subprocess.run(["perf", "script", "-i", data, "-F", "ip,sym,dso"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True).stdout
    for block in out.split("\n\n"):
        frames = [line.split(None, 1)[1].rsplit(" (", 1) for line in block.splitlines() if " (" in line]
        if frames:
            yield frames


def profile(scenario, peer, data):
    perf = subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", "2000", "-g", "-o", data, "-p",
                             str(peer.worker())], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.3)
    scenario.run(peer, 2)
    perf.send_signal(2)
    perf.wait()
    parts = collections.Counter(map(part_of, stacks(data)))
    print(f"\n{scenario.name}: share of the worker's CPU time")
    for name, count in parts.most_common():
        print(f"  {name:40}{100 * count / parts.total():6.1f} %")
    out = subprocess.run(["perf", "report", "--stdio", "-q", "--no-children", "-g", "none", "-i", data,
                          "--percent-limit", "1", "-s", "dso,symbol"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True).stdout
    lines = [line.rstrip(" -") for line in out.splitlines() if line.strip()]
    print("\n".join(lines[:15]))
