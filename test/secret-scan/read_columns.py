"""Writes all values of a SQLite database to standard output, table by table and column by column.

Argument: the database file. For each column a line of JSON (place, bytes), then that many bytes: its values, each
followed by a newline. In the file, a value larger than a page is split; here it is whole. The database is not
changed: one that was left in the middle of a transaction is repaired in a copy.
"""

import json
import pathlib
import shutil
import sqlite3
import sys
import tempfile


def open_read_only(file):
    session = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=10)
    session.text_factory = bytes  # returns the stored bytes, even if they are not valid text
    session.execute("SELECT count(*) FROM sqlite_master")
    return session


def repair_copy(file, folder):
    for part in file.parent.glob(f"{file.name}*"):
        shutil.copy(part, folder)
    copy = pathlib.Path(folder, file.name)
    sqlite3.connect(copy).execute("SELECT count(*) FROM sqlite_master")
    return open_read_only(copy)


def to_bytes(value):
    return value if isinstance(value, bytes) else str(value).encode()


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def write_columns(session):
    for (table,) in session.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        table = table.decode()
        for row in session.execute(f"PRAGMA table_xinfo({quote(table)})").fetchall():
            column = row[1].decode()
            query = f"SELECT {quote(column)} FROM {quote(table)} WHERE {quote(column)} IS NOT NULL"
            content = b"".join(to_bytes(value) + b"\n" for (value,) in session.execute(query))
            header = json.dumps({"place": f"{table}.{column}", "bytes": len(content)})
            sys.stdout.buffer.write(header.encode() + b"\n" + content)


database = pathlib.Path(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    try:
        session = open_read_only(database)
    except sqlite3.OperationalError:
        session = repair_copy(database, folder)
    write_columns(session)
    session.close()
