"""Runs a command in a network where 10.8.0.2 is this machine, 300 ms away, and IPv6 has no route.

Usage, as root in a network and mount namespace of its own: slow_network.py COMMAND...

A tun device swaps source and destination of each packet and returns it after 150 ms.
"""

import fcntl
import heapq
import os
import select
import struct
import subprocess
import sys
import tempfile
import time

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
DELAY_S = 0.15
HOSTS = "127.0.0.1 localhost\n2001:db8::1 slow.test\n10.8.0.2 slow.test\n"


def run(*command):
    subprocess.run(command, check=True)


def reflect(tun):
    """Never returns."""
    waiting = []
    while True:
        timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        ready, _, _ = select.select([tun], [], [], timeout)
        if ready:
            packet = os.read(tun, 65536)
            if packet[0] >> 4 == 4:
                swapped = packet[:12] + packet[16:20] + packet[12:16] + packet[20:]
                heapq.heappush(waiting, (time.monotonic() + DELAY_S, swapped))
        while waiting and waiting[0][0] <= time.monotonic():
            os.write(tun, heapq.heappop(waiting)[1])


def main():
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"slow0", IFF_TUN | IFF_NO_PI))
    run("ip", "link", "set", "lo", "up")
    run("ip", "addr", "add", "10.8.0.1/24", "dev", "slow0")
    run("ip", "link", "set", "slow0", "up")
    with tempfile.NamedTemporaryFile("w") as hosts:
        hosts.write(HOSTS)
        hosts.flush()
        run("mount", "--bind", hosts.name, "/etc/hosts")
        child = os.fork()
        if child == 0:
            reflect(tun)
        try:
            return subprocess.run(sys.argv[1:]).returncode
        finally:
            os.kill(child, 9)


sys.exit(main())
