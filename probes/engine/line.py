"""One open line to a server: a TCP connection to exactly one checked address, with TLS on it or not."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from probes.engine.causes import error_from
from probes.engine.endpoint import Endpoint
from probes.engine.errors import OURS, ProbeError, clean
from probes.engine.resolve import host_name, literal
from probes.engine.tls import Encryption, context_for
from probes.engine.trace import Trace

SSL_REQUEST = struct.pack("!ii", 8, 80877103)


@dataclass(frozen=True)
class Line:
    """An open connection on which nothing of PostgreSQL's protocol has been said yet."""

    transport: asyncio.Transport
    address: str
    encrypted: bool


async def open_line(
    endpoint: Endpoint,
    addresses: Sequence[str],
    encryption: Encryption,
    protocol: asyncio.Protocol,
    *,
    deadline: float,
    trace: Trace,
) -> Line:
    """Connects ``protocol`` to the first address that answers.

    Raises `ProbeError` or OSError and leaves no socket behind.
    """
    context: ssl.SSLContext | None = None
    if encryption is not Encryption.NEVER:
        with trace.aside():
            context = await context_for(endpoint)
    sock, address = await _connect_first(addresses, endpoint.port, deadline, trace)
    try:
        if context is None:
            return Line(await _transport(sock, protocol), address, False)
        with trace.during("tls"):
            return await _encrypt(sock, address, endpoint, encryption, context, protocol, trace)
    except BaseException:
        sock.close()
        raise


async def another_line(endpoint: Endpoint, line: Line, protocol: asyncio.Protocol) -> Line:
    """A second line to the very address of the first one, encrypted if that is. Raises as `open_line` does."""
    encryption = Encryption.ALWAYS if line.encrypted else Encryption.NEVER
    deadline = asyncio.get_running_loop().time() + endpoint.connect_timeout
    return await open_line(endpoint, [line.address], encryption, protocol, deadline=deadline, trace=Trace())


async def _connect_first(
    addresses: Sequence[str], port: int, deadline: float, trace: Trace
) -> tuple[socket.socket, str]:
    loop = asyncio.get_running_loop()
    failure: ProbeError | None = None
    for index, address in enumerate(addresses):
        share = (deadline - loop.time()) / (len(addresses) - index)
        code = ""
        with trace.during("tcp"):
            try:
                sock = await _connect(address, port, share)
            except OSError as exc:
                error = error_from(exc, "tcp")
                error.message, code = f"{address}: {error.message}", error.code
                # Neither "no route" nor our own trouble says as much as what another address of the same host answered.
                if failure is None or failure.code == "tcp_unreachable" or failure.code in OURS:
                    failure = error
        trace.tried(address, code)
        if not code:
            trace.server = replace(trace.server, address=_with_port(address, port))
            return sock, address
    assert failure is not None
    raise failure


async def _connect(address: str, port: int, seconds: float) -> socket.socket:
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock


async def _encrypt(
    sock: socket.socket,
    address: str,
    endpoint: Endpoint,
    encryption: Encryption,
    context: ssl.SSLContext,
    protocol: asyncio.Protocol,
    trace: Trace,
) -> Line:
    if not await _offers_tls(sock):
        trace.tls_refused = True
        if encryption is Encryption.ALWAYS:
            raise ProbeError("tls_refused", "tls", "the server answered that it has no TLS")
        return Line(await _transport(sock, protocol), address, False)
    plain = await _transport(sock, protocol)
    # An address is checked against the certificate too, but only a name is sent to the server.
    name = literal(endpoint.host) or host_name(endpoint.host).rstrip(".")
    try:
        transport = await asyncio.get_running_loop().start_tls(plain, protocol, context, server_hostname=name)
    except BaseException:
        plain.abort()
        raise
    if transport is None:
        raise ConnectionResetError("the connection was closed during the TLS handshake")
    _note_tls(transport, trace)
    return Line(transport, address, True)


async def _offers_tls(sock: socket.socket) -> bool:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, SSL_REQUEST)
    # One byte exactly: what follows it unencrypted must not be taken for something said under TLS.
    answer = await loop.sock_recv(sock, 1)
    if answer == b"N":
        return False
    surplus = _waiting(sock)
    if answer == b"S" and not surplus:
        return True
    if answer == b"":
        raise ConnectionResetError("the server closed the connection when it was asked for TLS")
    if answer == b"S" and not surplus[:3].isalpha() and surplus[:3] != b"SH-":
        raise ProbeError("protocol_violation", "tls", "unencrypted data after the server agreed to TLS")
    if answer == b"E":
        # Nothing said before TLS can be trusted, so its text is not shown.
        raise ProbeError("tls_failed", "tls", "the server answered the request for TLS with an error")
    raise ProbeError("not_postgres", "tls", f"the server answered: {clean(answer + surplus, limit=100)}")


def _waiting(sock: socket.socket) -> bytes:
    try:
        return sock.recv(200, socket.MSG_PEEK)
    except (BlockingIOError, ConnectionError):
        return b""


async def _transport(sock: socket.socket, protocol: asyncio.Protocol) -> asyncio.Transport:
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: protocol, sock=sock)
    return transport


def _note_tls(transport: asyncio.Transport, trace: Trace) -> None:
    tls: ssl.SSLObject = transport.get_extra_info("ssl_object")
    cipher = tls.cipher()
    trace.server = replace(
        trace.server, tls_version=tls.version() or "", tls_cipher=cipher[0] if cipher else ""
    )
    trace.der = tls.getpeercert(binary_form=True) or b""
    trace.verified = tls.context.verify_mode is ssl.CERT_REQUIRED


def _with_port(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
