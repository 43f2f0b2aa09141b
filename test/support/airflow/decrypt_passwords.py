"""Prints decrypted passwords of connections as JSON by connection id, without Airflow's code, which takes seconds.

Arguments: the database file and the connection ids. The key is in AIRFLOW__CORE__FERNET_KEY.
"""

import json
import os
import sqlite3
import sys

from cryptography.fernet import Fernet

database, *connection_ids = sys.argv[1:]
fernet = Fernet(os.environ["AIRFLOW__CORE__FERNET_KEY"])
session = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
query = "SELECT conn_id, password FROM connection WHERE password IS NOT NULL AND is_encrypted"
stored = dict(session.execute(query).fetchall())
picked = {name: stored.get(name) for name in connection_ids}
print(json.dumps({name: value and fernet.decrypt(value.encode()).decode() for name, value in picked.items()}))
