"""The websocket of an open conversation: only its owner's, and only while the assistant is switched on."""

from channels.db import database_sync_to_async
from django.contrib.auth.models import AbstractBaseUser

from assistant import access
from assistant.models import Conversation
from probes.consumers import LiveConsumer


class ChatConsumer(LiveConsumer):
    async def connect(self) -> None:
        user = self.scope["user"]
        if user.is_authenticated and not await _may_read(user, self.scope["url_route"]["kwargs"]["chat"]):
            # Refused in the handshake, somebody else's just as one that does not exist.
            await self.close()
            return
        await super().connect()


@database_sync_to_async
def _may_read(user: AbstractBaseUser, conversation: int) -> bool:
    return access.is_open(user) and Conversation.objects.of(user).filter(pk=conversation).exists()
