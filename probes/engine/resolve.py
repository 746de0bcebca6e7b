"""From a host as people write it to addresses, without the shared executor and its blocking look-ups."""

import re
import socket
import unicodedata
from collections.abc import Sequence
from ipaddress import ip_address
from types import TracebackType
from typing import Self

import aiodns

from probes.engine.errors import ProbeError

MAX_ADDRESSES = 8
"""Addresses tried of one name: a zone may hold thousands."""

_NAME = re.compile(
    r"(?=.{1,253}\.?$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?", re.IGNORECASE
)
_OLD_IPV4 = re.compile(r"(0x[0-9a-f]+|\d+)(\.(0x[0-9a-f]+|\d+)){0,3}", re.IGNORECASE)


def literal(host: str) -> str | None:
    """The address that the host is, in any disguise that the system's own resolver accepts, or None.

    ``127.1``, ``0x7f000001``, ``2130706433``, ``0177.0.0.1`` and full-width digits are all 127.0.0.1.
    """
    text = unicodedata.normalize("NFKC", host)
    try:
        return str(ip_address(text))
    except ValueError:
        pass
    if _OLD_IPV4.fullmatch(text):
        try:
            return socket.inet_ntoa(socket.inet_aton(text))
        except OSError:
            return None
    return None


def host_name(host: str) -> str:
    """The name as DNS and TLS want it, in ASCII. `ProbeError` if it cannot be a name."""
    try:
        name = unicodedata.normalize("NFKC", host).encode("idna").decode("ascii")
    except UnicodeError as exc:
        raise ProbeError("dns_not_found", "dns", f"not a host name: {host} ({exc})") from exc
    if not _NAME.fullmatch(name):
        raise ProbeError("dns_not_found", "dns", f"not a host name: {host}")
    return name


class Resolver:
    """Names to addresses by c-ares: the hosts file, then DNS. A hung look-up holds nobody else up.

    One resolver serves all probes of a batch. ``nameservers`` (``address`` or ``address:port``) replace the
    system's. Use as an async context manager.
    """

    def __init__(self, nameservers: Sequence[str] | None = None) -> None:
        self._nameservers = nameservers
        self._channel: aiodns.DNSResolver | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._channel is not None:
            await self._channel.close()
            self._channel = None

    async def addresses(self, name: str) -> list[str]:
        """Addresses in the order in which to try them, at least one. Raises ``aiodns.error.DNSError``."""
        if self._channel is None:
            # Opened late: it owns a thread, and most batches of plain addresses never need it.
            self._channel = aiodns.DNSResolver(nameservers=self._nameservers, timeout=3.0, tries=3)
        found = await self._channel.getaddrinfo(name, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM)
        unique = dict.fromkeys(str(ip_address(node.addr[0].decode())) for node in found.nodes)
        return list(unique)[:MAX_ADDRESSES]
