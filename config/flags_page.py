"""The flags as a page: what each is for whoever looks, who says so and why, and where it is asked."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from config import flags
from config.flags import Entrance
from connections.models import Region
from connections.views import HtmxRequest
from probes import live
from probes.switches import Asker
from probes.views.pages import page


@require_safe
def flags_page(request: HtmxRequest) -> HttpResponse:
    seq = live.seq(live.FLEET)
    codes = Region.objects.in_use().values_list("code", flat=True)
    context = {
        "source": flags.installed.source.name,
        "readings": list(flags.installed.read_all(Asker.of(request.user), codes)),
        "entrances": list(Entrance),
    }
    return page(request, "flags", "/ws/fleet/", context, seq)
