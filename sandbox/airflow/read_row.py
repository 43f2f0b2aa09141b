"""Prints the row of a connection as it lies in the database, each column as type and hex bytes, as JSON.

Arguments: the database file and the connection id. Only the standard library: Airflow's own code would decrypt.
"""

import json
import sqlite3
import sys

database, connection_id = sys.argv[1:]
session = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
columns = [row[1] for row in session.execute("PRAGMA table_info(connection)")]
picked = ", ".join(f'typeof("{name}") || \':\' || ifnull(hex("{name}"), \'\')' for name in columns)
row = session.execute(f"SELECT {picked} FROM connection WHERE conn_id = ?", (connection_id,)).fetchone()
print(json.dumps(row and dict(zip(columns, row))))
