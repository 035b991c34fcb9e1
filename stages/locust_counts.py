"""How quietgate counts requests: the first part of quietgate_listener.py.

Response times are counted in log-linear buckets of whole microseconds: below 512 each value has its own bucket; above,
every doubling has 256 buckets, so a bucket is narrower than 0.4 % of its values. Rows of several processes are merged
by adding what is counted per second, endpoint and bucket.
"""
MAX_DISTINCT = 50
MAX_ENDPOINTS = 100
MAX_TEXT = 300
OTHERS = "(others)"


def bucket_of(milliseconds):
    value = int(milliseconds * 1000)
    if value < 512:
        return value if value > 0 else 0
    exponent = value.bit_length() - 9
    return (exponent << 8) + (value >> exponent)


def first_line(text):
    lines = str(text).strip().splitlines()
    return lines[0][:MAX_TEXT] if lines else ""


class Endpoint:
    __slots__ = ("requests", "failures", "timed", "sum", "min", "max", "buckets", "sent")

    def __init__(self):
        self.requests = self.failures = self.timed = 0
        self.sum = self.max = 0.0
        self.min = None
        self.buckets = {}
        self.sent = None  # like `buckets`, but from when requests were really sent; None: the same

    def add(self, milliseconds, failed, late=0.0):
        """`late`: so many of the milliseconds had passed before it was sent."""
        self.requests += 1
        if failed:
            self.failures += 1
        if milliseconds is None or not 0 <= milliseconds < 1e9:
            return
        self.timed += 1
        self.sum += milliseconds
        if self.min is None or milliseconds < self.min:
            self.min = milliseconds
        if milliseconds > self.max:
            self.max = milliseconds
        bucket = bucket_of(milliseconds)
        if late and self.sent is None:
            self.sent = dict(self.buckets)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1
        if self.sent is not None:
            bucket = bucket_of(milliseconds - late)
            self.sent[bucket] = self.sent.get(bucket, 0) + 1

    def row(self, name):
        row = {"name": name, "requests": self.requests, "failures": self.failures, "timed": self.timed,
               "sum": round(self.sum, 3), "min": round(self.min or 0.0, 3), "max": round(self.max, 3),
               "buckets": sorted(self.buckets.items())}
        if self.sent is not None:
            row["sent"] = sorted(self.sent.items())
        return row

    def merge(self, row):
        self.requests += row["requests"]
        self.failures += row["failures"]
        if row["timed"]:
            self.timed += row["timed"]
            self.sum += row["sum"]
            self.min = row["min"] if self.min is None else min(self.min, row["min"])
            self.max = max(self.max, row["max"])
            if self.sent is None and "sent" in row:
                self.sent = dict(self.buckets)
            if self.sent is not None:
                for bucket, count in row.get("sent", row["buckets"]):
                    self.sent[bucket] = self.sent.get(bucket, 0) + count
            for bucket, count in row["buckets"]:
                self.buckets[bucket] = self.buckets.get(bucket, 0) + count


class Second:
    __slots__ = ("endpoints", "begun", "cpu", "lag", "users", "waiting", "busy")

    def __init__(self):
        self.endpoints = {}
        self.begun = 0
        self.cpu = self.lag = 0.0
        self.users = None
        self.waiting = self.busy = None

    def endpoint(self, name):
        found = self.endpoints.get(name)
        if found is None:
            if len(self.endpoints) >= MAX_ENDPOINTS:
                name = OTHERS
            found = self.endpoints.setdefault(name, Endpoint())
        return found

    def rows(self):
        return [endpoint.row(name) for name, endpoint in sorted(self.endpoints.items())]


