"""Replaces the stored password of a connection by one that Airflow cannot decrypt, as after a change of the Fernet key.

Arguments: the database file and the connection id.
"""

import sqlite3
import sys

from cryptography.fernet import Fernet

database, connection_id = sys.argv[1:]
password = Fernet(Fernet.generate_key()).encrypt(b"encrypted with another key").decode()
session = sqlite3.connect(database, timeout=10)
with session:
    update = "UPDATE connection SET password = ? WHERE conn_id = ?"
    changed = session.execute(update, (password, connection_id)).rowcount
assert changed == 1, f"connection {connection_id} does not exist"
