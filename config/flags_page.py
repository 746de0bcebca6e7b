"""The flags as a page: what each is for whoever looks, who says so and why, and where it is asked."""

from collections.abc import Iterator

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from config import flags
from config.flags import Entrance, Reading
from connections.models import Region
from connections.views import HtmxRequest
from probes import live, switches
from probes.switches import Asker
from probes.views.pages import page


@require_safe
def flags_page(request: HtmxRequest) -> HttpResponse:
    seq = live.seq(live.FLEET)
    context = {
        "source": flags.installed.source.name,
        "readings": list(_readings(Asker.of(request.user))),
        "entrances": list(Entrance),
    }
    return page(request, "flags", "/ws/fleet/", context, seq)


def _readings(asker: Asker) -> Iterator[Reading]:
    """Each flag; a region's for each region that has connections."""
    used = Region.objects.filter(connections__isnull=False, connections__deleted_at=None).distinct()
    for key in flags.FLAGS:
        if key != flags.REGION_KEY:
            yield flags.installed.read(key, asker)
    for code in used.values_list("code", flat=True):
        yield flags.installed.read(switches.of_region(code), asker, code)
