"""Makes updates of a connection hang, with the earlier changes of the transaction uncommitted.

Arguments: the database file and `on` with a connection id, `wait` (until an update hangs) or `off`. A trigger counts
forever: a hanging update ends only with its process, as intended.
"""

import sqlite3
import sys
import time

database, what, *connection_id = sys.argv[1:]
session = sqlite3.connect(database, timeout=0 if what == "wait" else 10, isolation_level=None)
if what == "on":
    literal = connection_id[0].replace("'", "''")
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    trigger = f"AFTER UPDATE ON connection WHEN NEW.conn_id = '{literal}' BEGIN {endless}; END"
    session.execute(f"CREATE TRIGGER stall {trigger}")
elif what == "off":
    session.execute("DROP TRIGGER stall")
else:
    end = time.monotonic() + 30
    locked = 0
    while locked < 10:  # half a second without interruption: no other transaction takes that long
        assert time.monotonic() < end, "no update of the connection within 30 s"
        try:
            session.execute("BEGIN IMMEDIATE")
            session.execute("ROLLBACK")
            locked = 0
        except sqlite3.OperationalError:
            locked += 1
        time.sleep(0.05)
