"""Runs the Docker provider's own hook with connections of standard input, against a stand-in for the Docker Engine.

Prints what happened for each: an error of the hook, or whose password the pull then carried. Each connection is tried
on a machine without Docker credentials, and on one whose config.json has an old token for the same address.
"""

import base64
import json
import os
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from airflow.providers.docker.hooks.docker import DockerHook

try:
    from airflow.sdk import Connection
except ImportError:  # Airflow 2
    from airflow.models import Connection

PASSWORD = "new"
OLD_PASSWORD = "old"
API_VERSION = "1.43"


def host_as_moby_reads_it(address):
    """The host that the engine logs in to; None if it rejects the address.

    Source: `Service.Auth` in Moby's daemon/pkg/registry/service.go, and Go's net/url.
    """
    if not address.startswith(("http://", "https://")):
        address = "https://" + address
    if any(ord(c) < 0x20 or ord(c) == 0x7F for c in address):
        return None
    rest = address.split("://", 1)[1].split("#", 1)[0]
    rest, _, _ = rest.partition("?")
    authority, _, path = rest.partition("/")
    host = authority.rpartition("@")[2]
    if any(c in " \\^`{|}%" for c in host):
        return None
    port = host.rpartition(":")[2] if ":" in host else ""
    if port and not port.isdigit():
        return None
    escapes = path.split("%")[1:]
    if any(len(e) < 2 or not all(c in "0123456789abcdefABCDEF" for c in e[:2]) for e in escapes):
        return None
    return host


class Engine(BaseHTTPRequestHandler):
    """Accepts logins to one registry, and remembers the credentials of the last pull."""

    registry = ""
    pulled_with = None

    def do_GET(self):
        if self.path.endswith("/_ping"):
            return self.respond(200, "OK")
        return self.respond(200, {"ApiVersion": API_VERSION, "Version": "0"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "/images/create" in self.path:
            header = self.headers.get("X-Registry-Auth")
            credentials = json.loads(base64.urlsafe_b64decode(header)) if header else {}
            Engine.pulled_with = credentials.get("password")
            return self.respond(200, {"status": "done"})
        login = json.loads(body)
        host = host_as_moby_reads_it(login.get("serveraddress") or "")
        if host is None:
            return self.respond(400, {"message": "unable to parse server address"})
        if host.lower().removesuffix(":443") != Engine.registry.removesuffix(":443"):
            return self.respond(500, {"message": "no such host"})
        return self.respond(200, {"Status": "Login Succeeded"})

    def respond(self, status, content):
        body = content if isinstance(content, str) else json.dumps(content)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args):
        pass


def make_connection(row):
    conn = Connection(
        conn_id="checked",
        conn_type=row["type"],
        host=row["host"],
        login=row["login"],
        password=PASSWORD,
        port=row["port"],
    )
    if hasattr(conn, "_extra"):  # the model of Airflow 2, as if loaded: its constructor would reject some values
        conn._extra, conn.is_extra_encrypted = row["extra"], False
    else:
        conn.extra = row["extra"]
    return conn


def try_hook(url, row, config_folder):
    Engine.registry, Engine.pulled_with = row["registry"], None
    os.environ["DOCKER_CONFIG"] = config_folder
    DockerHook.get_connection = classmethod(lambda cls, conn_id: make_connection(row))
    try:
        client = DockerHook(docker_conn_id="checked", base_url=url, version=API_VERSION).api_client
    except Exception as error:
        return {"error": type(error).__name__}
    client.pull(f"{row['registry']}/team/app", tag="1")
    client.close()
    return {"pulledWith": Engine.pulled_with}


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Engine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"tcp://127.0.0.1:{server.server_port}"
    results = []
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryDirectory() as used:
        for row in json.load(sys.stdin):
            with open(os.path.join(used, "config.json"), "w") as file:
                auth = base64.b64encode(f"{row['login']}:{OLD_PASSWORD}".encode()).decode()
                address = f"{row['host']}:{row['port']}" if row["port"] else row["host"] or ""
                json.dump({"auths": {address: {"auth": auth}}}, file)
            results.append([try_hook(url, row, empty), try_hook(url, row, used)])
    print("HOOK_RESULTS=" + json.dumps(results))


main()
