from django.apps import AppConfig
from django.core.checks import register

from connections import vault


class ConnectionsConfig(AppConfig):
    name = "connections"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register(vault.check_keys)
