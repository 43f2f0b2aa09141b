"""Prints the passwords of connections, decrypted by Airflow, as one line of JSON.

Arguments: the connection ids. The AIRFLOW__* environment contains the database URL and the Fernet key.
"""

import json
import sys

from airflow.models.connection import Connection
from airflow.utils.session import create_session
from sqlalchemy import select

with create_session() as session:
    found = session.scalars(select(Connection).where(Connection.conn_id.in_(sys.argv[1:])))
    print("SANDBOX_PASSWORDS=" + json.dumps({connection.conn_id: connection.password for connection in found}))
