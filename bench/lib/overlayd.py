"""What benchmarks say to overlayd."""
import http.client
import json
import socket


class Admin(http.client.HTTPConnection):
    """The admin API over its Unix socket."""

    def __init__(self, path):
        super().__init__("overlayd", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(120)
        self.sock.connect(self.path)

    def get(self, resource):
        try:
            self.request("GET", resource)
        except BrokenPipeError:
            # The daemon ends connections on which nothing is said for a while.
            self.close()
            self.request("GET", resource)
        return json.loads(self.getresponse().read())


def resident(pid):
    """KiB of a process in memory."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
