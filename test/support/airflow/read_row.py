"""Prints raw rows of connections from the database as JSON by connection id, each column as type and hex bytes.

Arguments: the database file and the connection ids. Uses only the standard library: Airflow's code would decrypt.
"""

import json
import sqlite3
import sys

database, *connection_ids = sys.argv[1:]
session = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
columns = [row[1] for row in session.execute("PRAGMA table_info(connection)")]
picked = ", ".join(f'typeof("{name}") || \':\' || ifnull(hex("{name}"), \'\')' for name in columns)
rows = {}
for connection_id in connection_ids:
    row = session.execute(f"SELECT {picked} FROM connection WHERE conn_id = ?", (connection_id,)).fetchone()
    rows[connection_id] = row and dict(zip(columns, row))
print(json.dumps(rows))
