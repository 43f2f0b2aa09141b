"""Sets the passwords of FAB users, hashed as FAB does.

Argument: the database file. Input: JSON, {username: password}. Does not use Airflow's code, which would take seconds.
"""

import json
import sqlite3
import sys

from werkzeug.security import generate_password_hash

with sqlite3.connect(sys.argv[1], timeout=10) as session:
    for username, password in json.load(sys.stdin).items():
        hashed = generate_password_hash(password)
        changed = session.execute("UPDATE ab_user SET password = ? WHERE username = ?", (hashed, username)).rowcount
        assert changed == 1, f"user {username} does not exist"
