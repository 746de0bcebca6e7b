"""Results for lists: without those parts of their detail that only a result's own page shows.

An hour's load test keeps a second's figures 3,600 times, a health check every row that it saw. Lists count verdicts and
want to know what was aimed at, so the server cuts out the rest before it sends anything.
"""

from django.db.models import JSONField, QuerySet
from django.db.models.expressions import RawSQL

from probes.models import Result

LONG = "{samples,series,histogram,messages,cold,certificate}"

_BRIEF = f"""
    detail - '{LONG}'::text[] || CASE WHEN jsonb_typeof(detail -> 'checks') = 'array' THEN jsonb_build_object('checks', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('verdict', one -> 'verdict')), '[]')
        FROM jsonb_array_elements(detail -> 'checks') AS one
    )) ELSE '{{}}' END
"""  # noqa: S608 - made of our own words


def in_brief(results: QuerySet[Result]) -> list[Result]:
    """The rows, with a ``detail`` that lacks `LONG`, and of checks holds the verdict only."""
    found = results.defer("detail").annotate(brief=RawSQL(_BRIEF, [], output_field=JSONField()))  # noqa: S611
    for row in found:
        row.detail = row.brief
    return list(found)
