"""A small DNS server on UDP: addresses, names that do not exist, and silence."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Mapping, Sequence

A, AAAA = 1, 28
NXDOMAIN, SERVFAIL = 3, 2


class _Answers(asyncio.DatagramProtocol):
    def __init__(self, zone: Mapping[str, Sequence[str] | int | None]) -> None:
        self._zone = {name.lower(): records for name, records in zone.items()}
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, sender: tuple[str, int]) -> None:
        assert self._transport is not None
        question = _question(data)
        name, kind = _read_name(question), struct.unpack("!H", question[-4:-2])[0]
        records = self._zone.get(name, NXDOMAIN)
        if records is None:
            return
        if isinstance(records, int):
            self._transport.sendto(_reply(data, question, [], code=records), sender)
            return
        family = socket.AF_INET6 if kind == AAAA else socket.AF_INET
        packed = [
            socket.inet_pton(family, text)
            for text in records
            if kind in (A, AAAA) and (":" in text) == (kind == AAAA)
        ]
        self._transport.sendto(_reply(data, question, packed, kind=kind), sender)


def _question(data: bytes) -> bytes:
    end = data.index(b"\0", 12) + 5
    return data[12:end]


def _read_name(question: bytes) -> str:
    labels, position = [], 0
    while length := question[position]:
        labels.append(question[position + 1 : position + 1 + length].decode().lower())
        position += 1 + length
    return ".".join(labels)


def _reply(query: bytes, question: bytes, addresses: Sequence[bytes], kind: int = A, code: int = 0) -> bytes:
    header = query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(addresses), 0, 0)
    answers = b"".join(
        b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 1, len(address)) + address for address in addresses
    )
    return header + question + answers


@contextlib.asynccontextmanager
async def name_server(zone: Mapping[str, Sequence[str] | int | None]) -> AsyncIterator[str]:
    """Yields ``address:port``. In the zone a name has its addresses, an error code, or None for silence."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Answers(zone), local_addr=("127.0.0.1", 0)
    )
    try:
        host, port = transport.get_extra_info("sockname")[:2]
        yield f"{host}:{port}"
    finally:
        transport.close()
