from importlib import import_module

from django.apps import AppConfig


class MeridianConfig(AppConfig):
    """Carries the commands that wire the parts together, and makes our Celery application the current one."""

    name = "config"
    label = "meridian"

    def ready(self) -> None:
        import_module("config.celery")
        # It reads the settings, and asks of rooms that exist only now.
        from config import flags

        flags.install()
