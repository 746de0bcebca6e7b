"""Conversations in the admin: whose, when and how they ended, and nothing of what was said."""

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from assistant import asking
from assistant.models import AnswerState, Conversation, Message


class MessageInline(admin.TabularInline):
    model = Message
    fields = readonly_fields = ("role", "state", "error", "model", "created_at", "finished_at")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        return False


@admin.register(Conversation)
class ConversationAdmin(admin.ModelAdmin):
    """It can be deleted, as when somebody left; it cannot be read."""

    list_display = ["__str__", "owner", "model", "questions", "failures", "changed_at"]
    list_filter = ["changed_at"]
    list_select_related = ["owner"]
    search_fields = ["owner__username", "model"]
    fields = readonly_fields = ("owner", "model", "created_at", "changed_at")
    inlines = [MessageInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        asked = Count("messages", filter=Q(messages__role=Message.Role.QUESTION))
        failed = Count("messages", filter=Q(messages__state=AnswerState.FAILED))
        counted: QuerySet[Conversation] = super().get_queryset(request).annotate(asked=asked, failed=failed)
        return counted

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Conversation) -> None:
        asking.delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        for conversation in queryset:
            asking.delete(conversation)

    @admin.display(description="questions")
    def questions(self, conversation: Conversation) -> int:
        return int(conversation.asked)  # type: ignore[attr-defined]

    @admin.display(description="failed answers")
    def failures(self, conversation: Conversation) -> int:
        return int(conversation.failed)  # type: ignore[attr-defined]
