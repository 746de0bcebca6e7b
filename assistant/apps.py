from django.apps import AppConfig


class AssistantConfig(AppConfig):
    name = "assistant"

    def ready(self) -> None:
        # The admin by itself looks for `admin` only.
        from assistant import privacy_admin  # noqa: F401
