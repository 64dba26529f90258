"""A server that speaks as much of the Hugging Face hub's protocol as its client needs for a dataset."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlparse

NAME, TOKEN = "somebody/swing-up", "hf_secret"


class Hub(ThreadingHTTPServer):
    """The hub, with one dataset. `asked` has the paths of all requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.address = f"http://127.0.0.1:{self.server_address[1]}"

    def hold(self, folder: Path) -> None:
        paths = (path for path in folder.rglob("*") if path.is_file())
        self.files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}

    @property
    def revision(self) -> str:
        return sha1(repr(sorted(self.files.items())).encode()).hexdigest()


@contextmanager
def running() -> Iterator[Hub]:
    hub = Hub()
    thread = threading.Thread(target=hub.serve_forever)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        thread.join()
        hub.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, format: str, *arguments: object) -> None:
        return

    def _answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _json(self, body: object, status: int = 200, **headers: str) -> None:
        self._answer(json.dumps(body).encode(), status, Content_Type="application/json", **headers)

    def do_GET(self) -> None:
        hub, path = self.server, unquote(urlparse(self.path).path)
        hub.asked.append(f"{self.command} {path}")
        if path.startswith(f"/api/datasets/{NAME}/tree/"):
            self._json([self._entry(name) for name in sorted(hub.files)])
        elif path.startswith(f"/api/datasets/{NAME}"):
            siblings = [{"rfilename": name} for name in sorted(hub.files)]
            self._json({"id": NAME, "sha": hub.revision, "siblings": siblings, "private": False, "tags": []})
        elif path.startswith(f"/datasets/{NAME}/resolve/") and (name := path.split("/", 6)[-1]) in hub.files:
            entity = f'"{self._entry(name)["oid"]}"'
            self._answer(hub.files[name], X_Repo_Commit=hub.revision, ETag=entity)
        else:
            self._json({"error": "Repository not found"}, 404, X_Error_Code="RepoNotFound")

    do_HEAD = do_GET  # noqa: N815

    def _entry(self, name: str) -> dict[str, object]:
        data = self.server.files[name]
        return {"type": "file", "path": name, "size": len(data), "oid": sha1(data).hexdigest()}

    def do_POST(self) -> None:
        hub, path = self.server, unquote(urlparse(self.path).path)
        hub.asked.append(f"POST {path}")
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._json({"error": "Invalid credentials"}, 401)
        elif path == "/api/repos/create":
            self._json({"url": f"{hub.address}/datasets/{NAME}", "name": NAME})
        elif path.endswith("/preupload/main"):
            files = [
                {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False}
                for one in json.loads(body)["files"]
            ]
            self._json({"files": files})
        elif path.endswith("/commit/main"):
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    hub.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            self._json({"commitUrl": f"{hub.address}/datasets/{NAME}/commit/{hub.revision}", "commitOid": hub.revision})
        else:
            self._json({"error": "unknown"}, 404)
