#!/usr/bin/env python3
"""A BGP speaker for measuring: an encoder of its own, written from the RFCs, that shares nothing with overlayd.

It waits for overlayd at TCP 179 of its address, opens a session for EVPN, and then does what its standard input says, a line each:

  add COUNT [SEQUENCE]   COUNT routes of type 2 (RFC 7432 section 7.2), MAC number 1 to COUNT, packed; then End-of-RIB
  withdraw COUNT         takes them back
  move SEQUENCE          MAC number 1 again, with another next hop and this mobility sequence (RFC 7432 section 15)
  drop                   ends the TCP connection without a word; the next one is waited for
  quit

Answers are lines of JSON with CLOCK_MONOTONIC times: all processes of a host share that clock. What arrives at UDP 4789 of its addresses is
reported per inner destination MAC: when the first frame came, and for frames that carry a time (ethertype 0x88b5) how long they took.
"""
import argparse
import json
import socket
import struct
import sys
import threading
import time

MARKER = b"\xff" * 16
EVPN = struct.pack("!HBB", 25, 0, 70)


def message(kind, body=b""):
    return MARKER + struct.pack("!HB", 19 + len(body), kind) + body


def say(**fields):
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def attribute(flags, code, value):
    if len(value) > 255:
        return struct.pack("!BBH", flags | 0x10, code, len(value)) + value
    return struct.pack("!BBB", flags, code, len(value)) + value


class Speaker:
    def __init__(self, options):
        self.options = options
        self.rd = struct.pack("!HIH", 1, self.number(options.address), 1)
        self.connection = None
        self.ready = threading.Event()

    @staticmethod
    def number(address):
        return struct.unpack("!I", socket.inet_aton(address))[0]

    def mac(self, index):
        return struct.pack("!HI", 0x0200, 0x10000000 + index)

    def nlri(self, index):
        value = self.rd + bytes(10) + bytes(4) + b"\x30" + self.mac(index) + b"\x00" + struct.pack("!I", self.options.vni)[1:]
        return struct.pack("!BB", 2, len(value)) + value

    def attributes(self, next_hop, sequence, sticky=0):
        communities = struct.pack("!BBHI", 0, 2, self.options.peer_as & 0xFFFF, self.options.vni) + struct.pack("!BBIH", 3, 0x0C, 0, 8)
        if sequence:
            communities += struct.pack("!BBBBI", 6, 0, sticky, 0, sequence)
        internal = self.options.asn == self.options.peer_as
        path = b"" if internal else struct.pack("!BBI", 2, 1, self.options.asn)
        rest = attribute(0x40, 1, b"\x00") + attribute(0x40, 2, path)
        if internal:
            rest += attribute(0x40, 5, struct.pack("!I", 100))
        return rest + attribute(0xC0, 16, communities), EVPN[:2] + b"\x46" + b"\x04" + socket.inet_aton(next_hop) + b"\x00"

    def updates(self, count, next_hop, sequence=0):
        rest, head = self.attributes(next_hop, sequence)
        out = []
        index = 1
        while index <= count:
            room = 4096 - 19 - 4 - len(rest) - 4 - len(head)
            batch = b""
            while index <= count and len(batch) + 35 <= room:
                batch += self.nlri(index)
                index += 1
            body = attribute(0x80, 14, head + batch) + rest
            out.append(message(2, struct.pack("!HH", 0, len(body)) + body))
        return b"".join(out)

    def withdraws(self, count):
        out = []
        index = 1
        while index <= count:
            batch = b""
            while index <= count and len(batch) + 35 <= 4096 - 19 - 4 - 4 - 3:
                batch += self.nlri(index)
                index += 1
            body = attribute(0x80, 15, EVPN[:2] + b"\x46" + batch)
            out.append(message(2, struct.pack("!HH", 0, len(body)) + body))
        return b"".join(out)

    def imet(self):
        address = socket.inet_aton(self.options.address)
        value = self.rd + bytes(4) + b"\x20" + address
        rest, head = self.attributes(self.options.address, 0)
        pmsi = b"\x00\x06" + struct.pack("!I", self.options.vni)[1:] + address
        body = attribute(0x80, 14, head + struct.pack("!BB", 3, len(value)) + value) + rest + attribute(0xC0, 22, pmsi)
        return message(2, struct.pack("!HH", 0, len(body)) + body)

    def end_of_rib(self):
        body = attribute(0x80, 15, EVPN[:2] + b"\x46")
        return message(2, struct.pack("!HH", 0, len(body)) + body)

    def open(self):
        capabilities = b"\x01\x04" + EVPN + b"\x02\x00" + b"\x41\x04" + struct.pack("!I", self.options.asn)
        capabilities += b"\x40\x06" + struct.pack("!H", 120) + b"\x00\x19\x46\x80"
        parameters = b"\x02" + struct.pack("!B", len(capabilities)) + capabilities
        return message(1, struct.pack("!BHHIB", 4, min(self.options.asn, 23456), 0, self.number(self.options.address), len(parameters)) + parameters)

    def serve(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.options.address, 179))
        listener.listen(4)
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(self.open())
            self.connection = connection
            self.read(connection)

    def read(self, connection):
        pending = b""
        try:
            while True:
                data = connection.recv(1 << 16)
                if not data:
                    break
                pending += data
                while len(pending) >= 19:
                    length, kind = struct.unpack("!HB", pending[16:19])
                    if len(pending) < length:
                        break
                    if kind == 1:
                        connection.sendall(message(4))
                    elif kind == 4 and not self.ready.is_set():
                        self.ready.set()
                        say(event="established", at=time.monotonic())
                    elif kind == 3:
                        say(event="notification", code=pending[19], subcode=pending[20])
                    pending = pending[length:]
        except OSError:
            pass
        self.ready.clear()
        say(event="closed", at=time.monotonic())

    def tunnel(self):
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        receiver.bind(("0.0.0.0", 4789))
        seen = {}
        delays = []
        self.delays, self.seen = delays, seen
        while True:
            datagram = receiver.recv(9000)
            now = time.monotonic_ns()
            mac = datagram[8:14]
            if mac not in seen:
                seen[mac] = now / 1e9
            if datagram[20:22] == b"\x88\xb5":
                delays.append(now - struct.unpack("!q", datagram[22:30])[0])

    def command(self, line):
        words = line.split()
        if words[0] == "add":
            data = self.imet() + self.updates(int(words[1]), self.options.address, int(words[2]) if len(words) > 2 else 0) + self.end_of_rib()
            self.ready.wait()
            began = time.monotonic()
            self.connection.sendall(data)
            say(event="sent", began=began, ended=time.monotonic(), octets=len(data))
        elif words[0] == "withdraw":
            data = self.withdraws(int(words[1]))
            began = time.monotonic()
            self.connection.sendall(data)
            say(event="sent", began=began, ended=time.monotonic(), octets=len(data))
        elif words[0] == "move":
            data = self.updates(1, self.options.other, int(words[1]))
            began = time.monotonic()
            self.connection.sendall(data)
            say(event="sent", began=began, ended=time.monotonic(), octets=len(data))
        elif words[0] == "delays":
            taken, self.delays[:] = sorted(self.delays), []
            say(event="delays", count=len(taken), p50=taken[len(taken) // 2] if taken else None, p99=taken[len(taken) * 99 // 100] if taken else None, most=taken[-1] if taken else None)
        elif words[0] == "seen":
            say(event="seen", at=self.seen.get(bytes.fromhex(words[1])))
        elif words[0] == "forget":
            self.seen.clear()
            say(event="forgotten")
        elif words[0] == "drop":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.connection.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--other", required=True, help="a second VTEP address of this host")
    parser.add_argument("--asn", type=int, default=65002)
    parser.add_argument("--peer-as", type=int, default=65001)
    parser.add_argument("--vni", type=int, default=100)
    speaker = Speaker(parser.parse_args())
    threading.Thread(target=speaker.serve, daemon=True).start()
    threading.Thread(target=speaker.tunnel, daemon=True).start()
    say(event="listening")
    for line in sys.stdin:
        if line.strip() == "quit":
            return
        if line.strip():
            speaker.command(line)


main()
