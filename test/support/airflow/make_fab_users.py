"""Creates users and roles of an Airflow with FAB; existing ones are kept. set_fab_passwords.py then sets their passwords.

Input: JSON, a list of {"username", "role", "permissions": [[action, resource], ...]}. One process creates all of them,
because each `airflow users create` takes as long. `sync_roles` creates Airflow's own roles, as its server does when it
starts.
"""

import json
import sys

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

with get_application_builder() as appbuilder:
    manager = appbuilder.sm
    manager.sync_roles()
    for user in json.load(sys.stdin):
        name = user["username"]
        role = manager.add_role(user["role"])
        for action, resource in user["permissions"]:
            manager.add_permission_to_role(role, manager.create_permission(action, resource))
        if manager.find_user(username=name) is None:
            created = manager.add_user(name, name, "sandbox", f"{name}@example.com", role, hashed_password="none")
            assert created, f"FAB did not create user {name}; check its log above"
