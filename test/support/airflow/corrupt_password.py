"""Makes the stored password of a connection one that Airflow cannot decrypt: as if the Fernet key had been changed since.

Arguments: the database file and the connection id.
"""

import sqlite3
import sys

from cryptography.fernet import Fernet

database, connection_id = sys.argv[1:]
password = Fernet(Fernet.generate_key()).encrypt(b"of another key").decode()
session = sqlite3.connect(database, timeout=10)
with session:
    update = "UPDATE connection SET password = ? WHERE conn_id = ?"
    changed = session.execute(update, (password, connection_id)).rowcount
assert changed == 1, f"there is no connection {connection_id}"
