"""moto's S3 behind HTTP: `python s3_of_moto.py` prints its URL and serves until stdin ends.

Without moto's dispatcher, which lists the folders of all its services at each request, and with
connections that stay open, as those of S3 do. Requests are answered by the same code, in half the
time, and one at a time: moto looks whether a condition holds, then writes, so of two who create one
key at once both would win.
"""

import io
import logging
import sys
from threading import Lock, Thread

from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server


class Handler(MotoRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True


class OneAtATime:
    """A WSGI application that is asked anew only when it has answered. A slow sender holds up
    nobody: its request is whole before its turn comes."""

    def __init__(self, app):
        self._app, self._turn = app, Lock()

    def __call__(self, environ, start_response):
        size = int(environ.get("CONTENT_LENGTH") or 0)
        if size:
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(size))
        with self._turn:
            return self._app(environ, start_response)


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = OneAtATime(create_backend_app("s3"))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()
