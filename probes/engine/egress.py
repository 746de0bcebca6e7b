"""Which addresses a probe may connect to. Checked on the resolved address, at connect time."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

ALWAYS_DENIED: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",  # link-local, and where clouds serve a machine's credentials
        "100.100.100.200/32",  # the same at Alibaba
        "168.63.129.16/32",  # the host of a machine at Azure
        "224.0.0.0/4",
        "255.255.255.255/32",
        "::/128",
        "fe80::/10",
        "ff00::/8",
        "fd00:ec2::/32",  # the same at Amazon, over IPv6
        # NAT64 of one's own: where in it the IPv4 address lies, only its operator knows.
        "64:ff9b:1::/48",
    )
)

# Their last 32 bits are an IPv4 address: by NAT64, and translated as in SIIT.
_ENDING_IN_IPV4 = (ip_network("64:ff9b::/96"), ip_network("::ffff:0:0:0/96"))
_COMPATIBLE = ip_network("::/96")
_ISATAP = 0x5EFE
_ISATAP_MASK = 0xFDFFFFFF  # without the bit that says whether the IPv4 address is unique


@dataclass(frozen=True)
class EgressRules:
    """Networks that no probe may connect to. Loopback and private networks are allowed unless denied here."""

    denied: tuple[Network, ...] = ALWAYS_DENIED

    @classmethod
    def denying(cls, networks: Iterable[str]) -> Self:
        """The default rules plus these networks, such as ``10.0.0.0/8``. ValueError if one is malformed."""
        return cls((*ALWAYS_DENIED, *(ip_network(text.strip(), strict=False) for text in networks)))

    def allows(self, address: str) -> bool:
        faces = _faces(ip_address(address))
        return not any(face in network for face in faces for network in self.denied)


def _faces(address: Address) -> tuple[Address, ...]:
    """The address and the IPv4 addresses hidden in it: what the packets may really reach."""
    if isinstance(address, IPv4Address):
        return (address,)
    hidden = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if _ends_in_ipv4(address):
        hidden.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return (address, *(face for face in hidden if face is not None))


def _ends_in_ipv4(address: IPv6Address) -> bool:
    # :: and ::1 are addresses of their own, not 0.0.0.0 and 0.0.0.1 in disguise.
    compatible = address in _COMPATIBLE and int(address) > 1
    isatap = (int(address) >> 32) & _ISATAP_MASK == _ISATAP
    return compatible or isatap or any(address in network for network in _ENDING_IN_IPV4)
