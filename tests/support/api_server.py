"""A small OpenAI-compatible server on the loopback address that answers, fails, stalls or says nothing, and records requests."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from PIL import Image

Mode = Literal["answer", "fail", "stall", "empty"]
Part = str | Image.Image


class ApiServer(ThreadingHTTPServer):
    """Answers every chat completion with one text, or as ``mode`` says."""

    daemon_threads = True

    def __init__(self, mode: Mode, answer: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mode: Mode = mode
        self.answer = answer
        self.bodies: list[dict[str, Any]] = []
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        """What a client calls ``base_url``."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def requests(self) -> list[list[tuple[str, list[Part]]]]:
        """What was sent, in the order of arrival: turns of (role, texts and images)."""
        return [[(turn["role"], _parts(turn["content"])) for turn in body["messages"]] for body in self.bodies]


def _parts(content: Any) -> list[Part]:
    if isinstance(content, str):
        return [content]
    return [_image(part["image_url"]["url"]) if part["type"] == "image_url" else part["text"] for part in content]


def _image(url: str) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode(url.partition("base64,")[2])))
    image.load()
    return image


class _Handler(BaseHTTPRequestHandler):
    server: ApiServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        if self.server.mode == "stall":
            self.server.ended.wait(3)  # clients try three times
            return
        if self.server.mode == "fail":
            self._send(500, {"error": {"message": "the two pieces of evidence contradict each other: 409 conflict"}})
            return
        content = None if self.server.mode == "empty" else self.server.answer
        message = {"role": "assistant", "content": content}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self._send(200, {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage})

    def _send(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Not to the terminal."""


@contextmanager
def serving(mode: Mode = "answer", answer: str = "They contradict each other.") -> Iterator[ApiServer]:
    """A server in a thread, until the block ends."""
    server = ApiServer(mode, answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
