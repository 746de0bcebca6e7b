from django.urls import path

from assistant import insights_views, views

urlpatterns = [
    path("assistant/", views.conversation_list, name="assistant"),
    path("assistant/new/", views.begin, name="assistant-begin"),
    path("assistant/models/", views.models, name="assistant-models"),
    path("assistant/<int:pk>/", views.conversation_detail, name="assistant-conversation"),
    path("assistant/<int:pk>/ask/", views.ask, name="assistant-ask"),
    path("assistant/<int:pk>/rename/", views.rename, name="assistant-rename"),
    path("assistant/<int:pk>/model/", views.choose_model, name="assistant-model"),
    path("assistant/<int:pk>/delete/", views.delete, name="assistant-delete"),
    path("assistant/<int:pk>/export/", views.exported, name="assistant-export"),
    path("assistant/messages/<int:pk>/edit/", views.edit, name="assistant-edit"),
    path("assistant/messages/<int:pk>/retry/", views.retry, name="assistant-retry"),
    path("assistant/messages/<int:pk>/stop/", views.stop, name="assistant-stop"),
    path("assistant/messages/<int:pk>/sent/", views.sent, name="assistant-sent"),
    *insights_views.urlpatterns,
]
