"""A TLS server that requires client certificates, in front of another server: forwards bytes in both directions.

Node's own TLS servers close such a connection without an alert; OpenSSL and Go, in which Temporal is written, send one.
"""

import socket
import ssl
import sys
import threading


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(connection, context, upstream):
    try:
        secure = context.wrap_socket(connection, server_side=True)
        behind = socket.create_connection(upstream)
    except OSError:
        connection.close()
        return
    threading.Thread(target=copy, args=(behind, secure), daemon=True).start()
    copy(secure, behind)


def main(port, upstream_port, cert, key, client_ca):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.set_alpn_protocols(["h2"])
    context.load_verify_locations(client_ca)
    context.verify_mode = ssl.CERT_REQUIRED
    server = socket.create_server(("127.0.0.1", int(port)))
    print(server.getsockname()[1], flush=True)
    while True:
        connection, _ = server.accept()
        arguments = (connection, context, ("127.0.0.1", int(upstream_port)))
        threading.Thread(target=serve, args=arguments, daemon=True).start()


main(*sys.argv[1:])
