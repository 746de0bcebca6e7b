"""How long the server's TLS certificate still holds."""

from datetime import UTC, datetime

from probes.engine.certificate import Certificate
from probes.engine.health.findings import Finding, graded, unknown

WATCH_DAYS = 21
ACT_DAYS = 7


def finding(certificate: Certificate) -> Finding:
    """It is judged whether it was verified or not."""
    days, ends = certificate.days_left(datetime.now(UTC)), certificate.not_after
    if days is None or ends is None:
        return unknown("The server's certificate cannot be read.")
    if days < 0:
        hint = "The certificate has expired: clients that verify it can no longer connect. Renew it now."
    elif days < WATCH_DAYS:
        hint = "The certificate ends soon. Renew it, then reload the server."
    else:
        hint = "The certificate holds for a good while yet."
    row = {"subject": certificate.subject, "issuer": certificate.issuer, "ends": ends.isoformat()}
    return Finding(
        verdict=graded(-days, watch=-WATCH_DAYS, act=-ACT_DAYS),
        value=days,
        unit="days",
        hint=hint,
        rows=[row],
        figures={"certificate_days": days},
    )
