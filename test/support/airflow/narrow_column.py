"""Limits the length of the password column, as a narrower column type of another database would.

Arguments: the database file and the number of characters; 0 removes the limit.
"""

import sqlite3
import sys

database, characters = sys.argv[1], int(sys.argv[2])
session = sqlite3.connect(database, timeout=10, isolation_level=None)
session.execute("DROP TRIGGER IF EXISTS narrow")
if characters > 0:
    abort = "SELECT RAISE(ABORT, 'value too long for type character varying')"
    condition = f"WHEN length(NEW.password) > {characters}"
    session.execute(f"CREATE TRIGGER narrow BEFORE UPDATE ON connection {condition} BEGIN {abort}; END")
