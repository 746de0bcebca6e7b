"""What a server may ask for while we sign in."""

import re

from probes.engine.errors import ProbeError

OK, CLEARTEXT, MD5, SASL, SASL_CONTINUE, SASL_FINAL = 0, 3, 5, 10, 11, 12

UNSUPPORTED = {2: "Kerberos 5", 6: "SCM credentials", 7: "GSSAPI", 8: "GSSAPI", 9: "SSPI"}

_ITERATIONS = re.compile(rb",i=(\d+)")


class SignIn:
    """Checks each authentication request before the driver answers it.

    Every request may come once, so a server can neither make us compute again and again nor skip the
    signature by which it proves, in SCRAM, that it knows the password too.
    """

    def __init__(self, *, encrypted: bool, max_iterations: int) -> None:
        self._encrypted = encrypted
        self._max_iterations = max_iterations
        self._seen: set[int] = set()

    @property
    def done(self) -> bool:
        return OK in self._seen

    def check(self, body: bytes) -> None:
        """Raises `ProbeError` if the request in the body of an Authentication message is not acceptable."""
        if len(body) < 4:
            raise ProbeError("protocol_violation", "auth", "authentication request of less than four bytes")
        request = int.from_bytes(body[:4], "big")
        if request in self._seen or self.done:
            raise ProbeError("protocol_violation", "auth", f"authentication request {request} was repeated")
        self._seen.add(request)
        if request == CLEARTEXT and not self._encrypted:
            raise ProbeError(
                "cleartext_password_refused", "auth", "clear-text password requested without TLS"
            )
        if request == SASL:
            self._check_mechanisms(body[4:])
        elif request == SASL_CONTINUE:
            self._check_cost(body[4:])
        elif request == OK and SASL in self._seen and SASL_FINAL not in self._seen:
            raise ProbeError("protocol_violation", "auth", "the server ended SCRAM without its signature")
        elif request not in (OK, CLEARTEXT, MD5, SASL_FINAL):
            name = UNSUPPORTED.get(request, f"number {request}")
            raise ProbeError("auth_method_unsupported", "auth", f"authentication method {name}")

    def _check_mechanisms(self, names: bytes) -> None:
        if b"SCRAM-SHA-256" not in names.split(b"\0"):
            offered = names.replace(b"\0", b" ").decode("utf-8", "replace").strip()
            raise ProbeError("auth_method_unsupported", "auth", f"SASL mechanisms offered: {offered}")

    def _check_cost(self, challenge: bytes) -> None:
        if SASL not in self._seen:
            raise ProbeError("protocol_violation", "auth", "SCRAM challenge without SCRAM")
        for digits in _ITERATIONS.findall(challenge):
            if len(digits) > 9 or int(digits) > self._max_iterations:
                shown = digits[:20].decode("ascii")
                raise ProbeError(
                    "scram_cost",
                    "auth",
                    f"{shown} SCRAM iterations; at most {self._max_iterations} are accepted",
                )
