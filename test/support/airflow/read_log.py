"""Prints the audit log from the database as JSON: event and details of each row.

Argument: the database file. Uses only the standard library, as read_row.py does.
"""

import json
import sqlite3
import sys

session = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, timeout=10)
print(json.dumps(session.execute("SELECT event, extra FROM log ORDER BY id").fetchall()))
