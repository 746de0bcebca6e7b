"""Conversations, and what of the databases may be told to a model."""

from assistant.models.conversations import AnswerState, Conversation, Message
from assistant.models.privacy import Disclosure

__all__ = ["AnswerState", "Conversation", "Disclosure", "Message"]
