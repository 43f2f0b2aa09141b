"""Makes the users and roles of an Airflow with FAB; those that are there stay. They cannot log in yet: see set_fab_passwords.py.

Input: JSON, a list of {"username", "role", "permissions": [[action, resource], ...]}. One process for all of them, as each
`airflow users create` takes as long. `sync_roles` makes Airflow's own roles, which its server would otherwise do at its start.
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
            made = manager.add_user(name, name, "sandbox", f"{name}@example.com", role, hashed_password="none")
            assert made, f"FAB did not make the user {name}; see its log above"
