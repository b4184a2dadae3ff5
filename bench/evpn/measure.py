#!/usr/bin/env python3
"""Measures overlayd as a BGP EVPN speaker against bench/evpn/speaker.py: called by bench/evpn/run in the namespace of overlayd."""
import argparse
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from overlayd import Admin, resident  # noqa: E402


class Bench:
    def __init__(self, options):
        self.options = options
        self.admin = None
        self.tap = None

    def start_peer(self):
        self.peer = subprocess.Popen(
            ["ip", "netns", "exec", self.options.peer_netns, sys.executable, os.path.join(os.path.dirname(__file__), "speaker.py"), "--address", "192.0.2.2", "--other", "192.0.2.3"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.expect("listening")

    def start_daemon(self):
        self.daemon = subprocess.Popen([self.options.overlayd, "--config", self.options.config], stderr=open(self.options.log, "w"))
        while not os.path.exists(self.options.socket):
            time.sleep(0.01)
        self.admin = Admin(self.options.socket)
        self.expect("established")
        self.tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.tap.bind(("t0", 0))

    def tell(self, line):
        self.peer.stdin.write(line + "\n")
        self.peer.stdin.flush()

    def expect(self, event):
        while True:
            line = self.peer.stdout.readline()
            if not line:
                raise SystemExit("the speaker ended")
            answer = json.loads(line)
            if answer["event"] == event:
                return answer
            if answer["event"] in ("notification", "closed"):
                print("speaker:", answer, file=sys.stderr)

    def entries(self):
        return next(v for v in self.admin.get("/v1/vnis?vni=100")["vnis"])[self.options.count_field]

    @staticmethod
    def mac(index):
        return struct.pack("!HI", 0x0200, 0x10000000 + index)

    def frame(self, index):
        self.tap.send(self.mac(index) + b"\x02\x00\x00\x00\x00\x01" + b"\x88\xb5" + struct.pack("!q", time.monotonic_ns()) + bytes(46))

    def until_forwarded(self, index, expected):
        """Until the table has what it should and a frame to the last MAC arrives at its VTEP: the time at which both were so."""
        mac = self.mac(index).hex()
        while True:
            why = self.admin.get("/v1/fdb/why?vni=100&mac=" + ":".join(mac[i:i + 2] for i in range(0, 12, 2)))
            if why["winner"] is not None and why["winner"] is not False and why["candidates"]:
                break
            time.sleep(0.005)
        while self.count() < expected:
            time.sleep(0.005)
        self.tell("forget")
        self.expect("forgotten")
        self.frame(index)
        while True:
            self.tell("seen " + mac)
            at = self.expect("seen")["at"]
            if at is not None:
                return at
            time.sleep(0.002)

    def count(self):
        return next((n["routes"] for n in self.admin.get("/v1/evpn/neighbors")["neighbors"]), 0) - 1

    def steady(self, seconds, rate=1000):
        stop = time.monotonic() + seconds
        due = time.monotonic()
        while time.monotonic() < stop:
            self.frame(1)
            due += 1 / rate
            time.sleep(max(0, due - time.monotonic()))

    def sync(self, count):
        idle = resident(self.daemon.pid)
        self.tell(f"add {count}")
        began = self.expect("sent")["began"]
        ended = self.until_forwarded(count, count)
        grown = resident(self.daemon.pid) - idle
        self.tell(f"withdraw {count}")
        gone = self.expect("sent")["began"]
        while self.count() > 0:
            time.sleep(0.005)
        removed = time.monotonic()
        print(f"{count:>9} MACs in force after {ended - began:7.3f} s, withdrawn after {removed - gone:7.3f} s, {grown * 1024 / count:6.0f} octets a route (RSS, start-up's growth included)", flush=True)

    def moves(self):
        self.tell("add 1")
        self.expect("sent")
        self.until_forwarded(1, 1)
        times = []
        for sequence in range(1, 5):
            # Back and forth: the speaker's two addresses in turn; where a frame goes is read off the table.
            self.tell(f"move {sequence}")
            began = self.expect("sent")["began"]
            while True:
                rows = self.admin.get("/v1/evpn/routes?mac=02:00:10:00:00:01")["routes"]
                if any(f"{sequence}" in c for r in rows for c in r["communities"] if "mobility" in c):
                    break
            times.append(time.monotonic() - began)
        print(f"moves: {', '.join(f'{t * 1000:.1f}' for t in times)} ms until the table says so", flush=True)
        self.tell("withdraw 1")
        self.expect("sent")

    def latency(self, count):
        self.tell("add 1")
        self.expect("sent")
        self.until_forwarded(1, 1)
        self.tell("delays")
        self.expect("delays")
        self.steady(4)
        self.tell("delays")
        idle = self.expect("delays")
        flow = threading.Thread(target=self.steady, args=(6,))
        flow.start()
        time.sleep(0.5)
        self.tell(f"add {count}")
        self.expect("sent")
        flow.join()
        self.tell("delays")
        busy = self.expect("delays")
        print(f"latency of 1,000 frames/s, p50 and p99: idle {idle['p50'] / 1000:.0f} and {idle['p99'] / 1000:.0f} us; while {count} routes come {busy['p50'] / 1000:.0f} and {busy['p99'] / 1000:.0f} us", flush=True)

    def loss(self):
        before = self.count()
        self.tell("drop")
        self.expect("closed")
        time.sleep(1)
        row = self.admin.get("/v1/evpn/neighbors")["neighbors"][0]
        print(f"session lost: {before} routes before, {row['routes'] - 1} after, {row['stale_routes']} of them stale", flush=True)
        self.expect("established")


def main():
    parser = argparse.ArgumentParser()
    for name in ("overlayd", "config", "log", "socket", "peer-netns"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--counts", default="10000,100000,1000000")
    bench = Bench(parser.parse_args())
    bench.start_peer()
    try:
        bench.start_daemon()
        for count in bench.options.counts.split(","):
            bench.sync(int(count))
        bench.moves()
        bench.latency(100_000)
        bench.loss()
    finally:
        bench.daemon.terminate()
        bench.daemon.wait()
        bench.peer.kill()


main()
