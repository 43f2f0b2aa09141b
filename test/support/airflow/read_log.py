"""Prints the audit log as it lies in the database, as JSON: a list of event and details for each row.

Argument: the database file. Only the standard library, as in read_row.py.
"""

import json
import sqlite3
import sys

session = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, timeout=10)
print(json.dumps(session.execute("SELECT event, extra FROM log ORDER BY id").fetchall()))
