#!/usr/bin/env python3
"""Measures overlayd with an etcd cluster: called by bench/etcd/run, which made the namespaces, the cluster and the configurations."""
import argparse
import base64
import ctypes
import http.client
import json
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from overlayd import Admin, resident  # noqa: E402

PREFIX = "/overlay/v1/"
LIBC = ctypes.CDLL(None, use_errno=True)


def in_netns(name, make):
    """What make returns, made in a network namespace: sockets stay in it."""
    with open("/proc/self/ns/net") as ours, open(f"/var/run/netns/{name}") as theirs:
        if LIBC.setns(theirs.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        try:
            return make()
        finally:
            LIBC.setns(ours.fileno(), 0)


def mac(index):
    return struct.pack("!HI", 0x0200, 0x10000000 + index)


def spelled(octets):
    return ":".join(f"{octet:02x}" for octet in octets)


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


class Store:
    """The cluster by its JSON gateway, in words of our own."""

    def __init__(self, netns):
        def connect():
            connection = http.client.HTTPConnection("192.0.2.9", 2079, timeout=30)
            connection.connect()
            return connection

        deadline = time.monotonic() + 30
        while True:
            try:
                self.connection = in_netns(netns, connect)
                self.post("/v3/kv/range", {"key": base64.b64encode(b"x").decode()})
                return
            except (OSError, SystemExit):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def post(self, path, body):
        self.connection.request("POST", path, json.dumps(body))
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"etcd: {answer.status} {text[:200]}")
        return json.loads(text)

    def put(self, pairs):
        for begin in range(0, len(pairs), 100):
            self.post("/v3/kv/txn", {"success": [{"request_put": {
                "key": base64.b64encode((PREFIX + key).encode()).decode(),
                "value": base64.b64encode(json.dumps(value).encode()).decode()}} for key, value in pairs[begin:begin + 100]]})


class Vtep:
    def __init__(self, options, name, netns):
        self.options, self.name, self.netns = options, name, netns
        self.folder = os.path.join(options.work, name)

    def start(self):
        shutil.rmtree(self.folder)
        os.mkdir(self.folder)
        path = os.path.join(self.folder, "overlayd.sock")
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.netns, self.options.overlayd, "--config", os.path.join(self.options.work, self.name + ".yaml")],
            stderr=open(os.path.join(self.options.work, self.name + ".log"), "a"))
        while True:
            try:
                self.admin = Admin(path)
                self.admin.connect()
                break
            except OSError:
                time.sleep(0.01)
        self.until(lambda: self.admin.get("/v1/etcd/status")["state"] == "in-touch", 0.02)
        self.taps = [in_netns(self.netns, lambda device=device: self.tap(device)) for device in ("t0", "t1")]

    @staticmethod
    def tap(device):
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88B5))
        tap.bind((device, 0x88B5))
        return tap

    def stop(self):
        for tap in self.taps:
            tap.close()
        self.process.terminate()
        self.process.wait()

    @staticmethod
    def until(condition, pause=0.0, limit=120):
        deadline = time.monotonic() + limit
        while not condition():
            if time.monotonic() > deadline:
                raise SystemExit("waited too long")
            time.sleep(pause)
        return time.monotonic()

    def entries(self, vni):
        return self.admin.get(f"/v1/vnis?vni={vni}")["vnis"][0]["fdb_entries"]

    def place(self, vni, octets):
        winner = self.admin.get(f"/v1/fdb/why?vni={vni}&mac={spelled(octets)}")["winner"]
        return winner and winner.get("peer")

    def say(self, port, source, destination, number=0):
        self.taps[port].send(destination + source + b"\x88\xb5" + struct.pack("!q", number) + bytes(46))


def sync(store, a, b, count):
    a.start()
    b.start()
    idle = resident(a.process.pid)
    keys = [(f"vnis/100/macs/{spelled(mac(i))}", {"version": 1, "vtep": "b", "sequence": 1}) for i in range(count)]
    keys += [(f"vnis/300/macs/{spelled(mac(i))}", {"version": 1, "vtep": "b", "sequence": 1}) for i in range(count)]
    began = time.monotonic()
    store.put(keys[:count])
    wrote = time.monotonic()
    ended = a.until(lambda: a.entries(100) >= count, 0.01)
    print(f"{count} MACs written in {wrote - began:.2f} s; watched: in force {ended - wrote:.3f} s after the last was written; RSS {idle >> 10} -> {resident(a.process.pid) >> 10} MiB", flush=True)
    a.stop()
    store.put(keys[count:])
    a.start()
    ended = a.until(lambda: a.entries(100) >= count, 0.01)
    status = a.admin.get("/v1/etcd/status")
    print(f"{count} MACs listed: in force {ended - a.began:.2f} s after the process began ({status['list_seconds']:.2f} s of it the list); RSS {resident(a.process.pid) >> 10} MiB, {(resident(a.process.pid) - idle) / 1024:.1f} above idle", flush=True)


def moves(a, b):
    broadcast, times = b"\xff" * 6, []
    for i in range(40):
        source = b"\x02\x00\x20\x00\x00" + bytes([i])
        a.say(0, source, broadcast)
        b.until(lambda: b.place(100, source) == "a")
        began = time.monotonic()
        b.say(0, source, broadcast)
        times.append(a.until(lambda: a.place(100, source) == "b") - began)
    print(f"a move is visible at the other VTEP after {percentile(times, .5) * 1000:.1f} ms (median of 40; longest {max(times) * 1000:.1f})", flush=True)


def misses(a, b, count):
    source = b"\x02\x00\x30\x00\x00\x01"

    def travel(number):
        destination = mac(number * (count // 200))
        began = time.monotonic()
        a.say(1, source, destination, number)
        while select.select([b.taps[1]], [], [], 2)[0]:
            frame = b.taps[1].recv(2048)
            if frame[:6] == destination and struct.unpack("!q", frame[14:22])[0] == number:
                return time.monotonic() - began
        return None

    first = [travel(i) for i in range(100)]
    known = [travel(i) for i in range(100)]
    lost = sum(t is None for t in first)
    first, known = [t for t in first if t], [t for t in known if t]
    status = a.admin.get("/v1/etcd/status")
    print(f"first frame to each of 100 MACs of {count}, not known before: {lost} lost, arrives after {percentile(first, .5) * 1000:.2f} ms (median; p90 {percentile(first, .9) * 1000:.2f}, "
          f"longest {max(first) * 1000:.2f}); once known {percentile(known, .5) * 1000:.2f} ms; entries {a.entries(300)}, answers {status['answers']}, RSS {resident(a.process.pid) >> 10} MiB", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--overlayd", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--netns", nargs=3, required=True)
    parser.add_argument("--count", type=int, default=100_000)
    options = parser.parse_args()
    store = Store(options.netns[2])
    a, b = Vtep(options, "a", options.netns[0]), Vtep(options, "b", options.netns[1])
    try:
        sync(store, a, b, options.count)
        moves(a, b)
        misses(a, b, options.count)
    finally:
        for vtep in (a, b):
            if hasattr(vtep, "process") and vtep.process.poll() is None:
                vtep.process.terminate()
                vtep.process.wait()


main()
