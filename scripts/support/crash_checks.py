"""What must be true after scripts/crash-test has killed the server: of the store, by SQLite itself, and of the files beside it."""

import pathlib
import re
import sqlite3

# What a data folder may hold while a server is idle; anything else was left behind.
FILES = re.compile(
    r"nectar\.sqlite(-wal|-shm)?|serving\.lock|models(/(v\d{6}\.(safetensors|json)|current\.json|counter\.json|lock))?"
    r"|arrivals|jobs|backups(/nectar-[\dTZ-]+\.sqlite(\.json)?)?"
)


class Store:
    """The store's file, beside the server, which does nothing meanwhile."""

    def __init__(self, data):
        self.database = sqlite3.connect(f"file:{data}/nectar.sqlite?mode=ro", uri=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.database.close()

    def pairs(self, after):
        """How often each pair (user, item) is there in the rows after one."""
        rows = self.database.execute(
            "SELECT u.name, i.name, count(*) FROM interactions x CROSS JOIN user_names u ON u.key = x.user"
            " CROSS JOIN item_names i ON i.key = x.item WHERE x.row > ? GROUP BY x.user, x.item",
            (after,),
        )
        return {(user, item): times for user, item, times in rows}

    def last_row(self):
        return self.database.execute("SELECT last_row FROM totals").fetchone()[0]

    def names(self):
        names = {name for (name,) in self.database.execute("SELECT name FROM user_names")}
        return names | {name for (name,) in self.database.execute("SELECT name FROM user_records")}

    def faults_of_totals(self):
        """The counters that every transaction writes, against what is there."""
        faults = []
        for counter, table in (
            ("interactions", "interactions"),
            ("users", "user_names"),
            ("items", "item_names"),
            ("user_records", "user_records"),
            ("catalogue_items", "catalogue"),
        ):
            counted = self.database.execute(f"SELECT {counter} FROM totals").fetchone()[0]
            found = self.database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            if counted != found:
                faults.append(f"{table} has {found} rows, and {counted} were counted")
        return faults

    def integrity(self):
        found = [line for (line,) in self.database.execute("PRAGMA integrity_check")]
        return [] if found == ["ok"] else found[:5]


def faults_of_pairs(found, record):
    """The pairs of a round against what its threads were told."""
    faults = []
    lost = [pair for pair in record.present if pair not in found]
    if lost:
        faults.append(f"{len(lost)} of {len(record.present)} acknowledged interactions are lost, first {min(lost)}")
    back = [pair for pair in record.absent if pair in found]
    if back:
        faults.append(f"{len(back)} interactions are there that were refused or deleted, first {min(back)}")
    for request in record.unanswered:
        faults += faults_of_transactions(found, request)
    twice = [pair for pair, times in found.items() if times > 1]
    if twice:
        faults.append(f"{len(twice)} interactions are there more than once, first {min(twice)}")
    return faults


def faults_of_transactions(found, request):
    """An unanswered request: each transaction whole or not at all, and none without those before it."""
    faults, ended = [], False
    for pairs in request.transactions():
        there = sum(1 for pair in pairs if pair in found)
        if there not in (0, len(pairs)):
            faults.append(f"{request.key}: {there} of a transaction of {len(pairs)} are there")
        if there and ended:
            faults.append(f"{request.key}: a transaction is there without the one before it")
        ended = there == 0
    return faults


def faults_of_erasures(names, data, people):
    """Nobody erased may be in the record or in a model's file; who lives is looked for too, to see that looking finds."""
    faults = [f"{name} was erased and is in the record" for name in sorted(people.erased & names)]
    files = [path.read_bytes() for path in sorted((pathlib.Path(data) / "models").glob("v*"))]
    for name in sorted(people.erased):
        if any(name.encode() in content for content in files):
            faults.append(f"{name} was erased and is in a model's file")
    people.seen = getattr(people, "seen", 0) + sum(
        1 for name in people.living if any(name.encode() in content for content in files)
    )
    return faults


def faults_of_files(data):
    """What a killed process has left behind and nobody has cleared away."""
    data = pathlib.Path(data)
    names = sorted(str(path.relative_to(data)) for path in data.rglob("*"))
    return [f"{name} was left behind" for name in names if not FILES.fullmatch(name)]


def erased_in_store_files(data, erased):
    """Names that the store's own files still hold, once it has been closed."""
    content = b"".join(path.read_bytes() for path in sorted(pathlib.Path(data).glob("nectar.sqlite*")))
    return [f"{name} was erased and is in the store's file" for name in sorted(erased) if name.encode() in content]
