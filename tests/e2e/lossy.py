"""A network that loses and delays packets, without netem: two network namespaces, a TUN device in each, and between
them a thread that drops every so-many-th large packet and holds each back for a while.  Root only.

The calling thread goes into the near namespace (and what it starts with it); `far(f)` runs f in the far one, where
sockets can be made that any thread may use then."""
import ctypes
import fcntl
import heapq
import os
import queue
import select
import struct
import subprocess
import threading
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 1, 0x1000
NEAR, FAR = "10.99.0.1", "10.99.0.2"
LARGE = 200  # bytes: acknowledgements are not counted, so that the losses are those of the data

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _tun(name, address):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    for words in (["link", "set", "lo", "up"], ["addr", "add", f"{address}/24", "dev", name], ["link", "set", name, "up"]):
        subprocess.run(["ip", *words], check=True)
    return fd


class Network:
    def __init__(self, delay_s, lose_each):
        self.delay_s, self.lose_each, self.lost, self.passed = delay_s, lose_each, 0, 0
        self.before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _check(_libc.unshare(CLONE_NEWNET))
        self.near = _tun("near0", NEAR)
        self.calls, self.done = queue.Queue(), queue.Queue()
        threading.Thread(target=self._live_far, daemon=True).start()
        self.far_fd = self.done.get()
        self.ending, self.end = os.pipe()
        self.router = threading.Thread(target=self._route, daemon=True)
        self.router.start()

    def _live_far(self):
        _check(_libc.unshare(CLONE_NEWNET))
        self.done.put(_tun("far0", FAR))
        while (call := self.calls.get()) is not None:
            try:
                self.done.put(call())
            except OSError as error:
                self.done.put(error)

    def far(self, call):
        self.calls.put(call)
        result = self.done.get()
        if isinstance(result, OSError):
            raise result
        return result

    def begin(self):
        """The same losses for what is measured next."""
        self.passed = 0

    def _is_lost(self, packet):
        if len(packet) < LARGE:
            return False
        self.passed += 1
        is_lost = self.passed % self.lose_each == 0
        self.lost += is_lost
        return is_lost

    def _route(self):
        other = {self.near: self.far_fd, self.far_fd: self.near}
        waiting, number = [], 0
        while True:
            timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else None
            ready = select.select([*other, self.ending], [], [], timeout)[0]
            if self.ending in ready:
                return
            for fd in ready:
                packet = os.read(fd, 65536)
                if not self._is_lost(packet):
                    number += 1
                    heapq.heappush(waiting, (time.monotonic() + self.delay_s, number, other[fd], packet))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, fd, packet = heapq.heappop(waiting)
                try:
                    os.write(fd, packet)
                except BlockingIOError:
                    self.lost += 1  # as a router with a full queue does

    def close(self):
        os.write(self.end, b"x")
        self.router.join()
        self.calls.put(None)
        _check(_libc.setns(self.before, CLONE_NEWNET))
        for fd in (self.before, self.near, self.far_fd, self.ending, self.end):
            os.close(fd)
