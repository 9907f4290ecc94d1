# SPDX-License-Identifier: Apache-2.0
"""A server that lets in devices of one product: python3 server.py DIRECTORY PRODUCT VERIFY_URL"""
import base64
import json
import ssl
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

directory, product, verify_url = sys.argv[1:4]

asker = ssl.create_default_context(cafile=f"{directory}/roots.pem")
asker.load_cert_chain(f"{directory}/asker.pem", f"{directory}/asker.key")


def verify(leaf: bytes) -> dict:
    """What Vitalsign says of a certificate, DER: 2. not revoked, and 3. of the product that we expect."""
    question = {"chain": base64.b64encode(leaf).decode(), "product": product}
    request = urllib.request.Request(
        verify_url, json.dumps(question).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5, context=asker) as answer:
        return json.load(answer)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self):
        # Asked anew for each request, so that a connection that stands does not outlive the trust in its device.
        try:
            peer = verify(self.connection.getpeercert(binary_form=True))
        except (urllib.error.URLError, TimeoutError, ValueError) as error:
            print(f"cannot verify: {error}", file=sys.stderr)  # closed: nobody comes in unjudged
            return self.answer(503, "try again later")
        if peer["trusted"] is not True:
            print(f"refused: {peer['reason']}: {peer['because']}", file=sys.stderr)
            return self.answer(403, peer["reason"])
        return self.answer(200, f"hello {peer['serial']}")

    def answer(self, status: int, text: str):
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


# 1. A chain to the roots of our devices; OpenSSL also demands the purpose of TLS clients.
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=f"{directory}/roots.pem")
context.verify_mode = ssl.CERT_REQUIRED
context.load_cert_chain(f"{directory}/server.pem", f"{directory}/server.key")

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
# The handshake belongs to the thread of its connection: a peer that is slow holds up nobody else.
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(f"listening on {server.server_address[1]}", flush=True)
server.serve_forever()
