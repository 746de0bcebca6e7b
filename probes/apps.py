from django.apps import AppConfig
from django.db.models.signals import post_save, pre_delete


class ProbesConfig(AppConfig):
    name = "probes"

    def ready(self) -> None:
        from connections.deleting import leaving
        from connections.models import Connection

        # Workers know the task of one and say they live by another; the admin by itself looks for `admin` only.
        from probes import dispatch, history_admin, schedule_admin, scratch, vantages  # noqa: F401
        from probes.history import purge

        post_save.connect(dispatch.connection_saved, sender=Connection)
        leaving.connect(dispatch.connection_leaves, sender=Connection)
        pre_delete.connect(dispatch.connection_leaves, sender=Connection)
        pre_delete.connect(purge.connection_leaves, sender=Connection)
