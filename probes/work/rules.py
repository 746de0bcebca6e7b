"""Where this pool's probes may go."""

from functools import cache

from django.conf import settings

from probes.engine.egress import EgressRules


@cache
def egress() -> EgressRules:
    return EgressRules.denying(settings.EGRESS_DENY)
