"""A facilitator over HTTP, made of the published library alone, for the tests of ours that ask one."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from eth_account.signers.local import LocalAccount
from x402 import x402FacilitatorSync
from x402.mechanisms.evm.exact import register_exact_evm_facilitator
from x402.mechanisms.evm.signers import FacilitatorWeb3Signer
from x402.schemas.helpers import parse_payment_payload, parse_payment_requirements

from tests.vocabulary.chain import Chain


class PublishedFacilitator:
    """`url` is where it is. `says`, when set, is the answer to /settle instead of the true one; `late` its delay."""

    def __init__(self, chain: Chain, key: LocalAccount) -> None:
        signer = FacilitatorWeb3Signer("0x" + bytes(key.key).hex(), chain.url, confirmation_timeout_seconds=10)
        self.library = register_exact_evm_facilitator(x402FacilitatorSync(), signer, networks=[chain.network])
        self.url = ""
        self.asked: list[tuple[str, int]] = []
        self.says: bytes | None = None
        self.late = 0.0
        self.turn = threading.Lock()

    def answer(self, path: str, body: dict[str, Any]) -> bytes:
        payload = parse_payment_payload(body["paymentPayload"])
        requirements = parse_payment_requirements(payload.x402_version, body["paymentRequirements"])
        self.asked.append((path, payload.x402_version))
        if path == "/settle" and self.says is not None:
            return self.says
        with self.turn:
            said = (self.library.verify if path == "/verify" else self.library.settle)(payload, requirements)  # type: ignore[operator]
        if path == "/settle":
            time.sleep(self.late)
        return json.dumps(said.model_dump(by_alias=True, exclude_none=True)).encode()

    def supported(self) -> bytes:
        return json.dumps(self.library.get_supported().model_dump(by_alias=True, exclude_none=True)).encode()


@contextlib.contextmanager
def published_facilitator(chain: Chain, key: LocalAccount) -> Iterator[PublishedFacilitator]:
    facilitator = PublishedFacilitator(chain, key)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.say(facilitator.supported())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.say(facilitator.answer(self.path, body))

        def say(self, said: bytes) -> None:
            with contextlib.suppress(ConnectionError):
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    facilitator.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield facilitator
    finally:
        server.shutdown()
        server.server_close()
