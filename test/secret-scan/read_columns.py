"""Writes all values of a SQLite database to standard output, table by table and column by column.

Argument: the database file. For each column a line of JSON (place, bytes), then so many bytes: its values, each ended
by a newline. A value that is larger than a page lies in pieces in the file; here it is whole. Nothing is written to
the database: one that its program left in mid-transaction is repaired in a copy.
"""

import json
import pathlib
import shutil
import sqlite3
import sys
import tempfile


def opened(file):
    session = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=10)
    session.text_factory = bytes  # whatever was stored, valid text or not
    session.execute("SELECT count(*) FROM sqlite_master")
    return session


def repaired(file, folder):
    for part in file.parent.glob(f"{file.name}*"):
        shutil.copy(part, folder)
    copy = pathlib.Path(folder, file.name)
    sqlite3.connect(copy).execute("SELECT count(*) FROM sqlite_master")
    return opened(copy)


def as_bytes(value):
    return value if isinstance(value, bytes) else str(value).encode()


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def write_columns(session):
    for (table,) in session.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        table = table.decode()
        for row in session.execute(f"PRAGMA table_xinfo({quoted(table)})").fetchall():
            column = row[1].decode()
            picked = f"SELECT {quoted(column)} FROM {quoted(table)} WHERE {quoted(column)} IS NOT NULL"
            content = b"".join(as_bytes(value) + b"\n" for (value,) in session.execute(picked))
            header = json.dumps({"place": f"{table}.{column}", "bytes": len(content)})
            sys.stdout.buffer.write(header.encode() + b"\n" + content)


database = pathlib.Path(sys.argv[1])
with tempfile.TemporaryDirectory() as spare:
    try:
        whole = opened(database)
    except sqlite3.OperationalError:
        whole = repaired(database, spare)
    write_columns(whole)
    whole.close()
