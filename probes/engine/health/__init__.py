"""The health probe: is the database well, and what should be done? Its checks' SQL is in ``sql/``."""

from probes.engine.health.probe import HEALTH_SECONDS as HEALTH_SECONDS
from probes.engine.health.probe import probe_health as probe_health
