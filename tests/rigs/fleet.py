"""A hundred connections in a running stack: copies of its three simulated ones."""

from tests.rigs.stack import Stack

COPY = """
from connections.models import Connection
demo = list(Connection.objects.filter(simulated_rtt_ms__isnull=False).order_by("pk")[:3])
copies = []
for number in range({count}):
    one = Connection.objects.get(pk=demo[number % 3].pk)
    one.pk, one.name = None, f"copy {{number:03}}"
    copies.append(one)
Connection.objects.bulk_create(copies)
Connection.objects.filter(pk__in=[one.pk for one in demo]).delete()
"""


def copy_connections(stack: Stack, count: int) -> None:
    """Replaces the three simulated connections by so many copies, a third of them behind each round trip."""
    stack.shell(COPY.format(count=count))
