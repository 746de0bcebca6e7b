from django.urls import path

from connections import views

urlpatterns = [
    path("connections/new/", views.new, name="connection-new"),
    path("connections/parse/", views.parse_url, name="connection-parse"),
    path("connections/<int:pk>/edit/", views.edit, name="connection-edit"),
    path("connections/<int:pk>/duplicate/", views.duplicate, name="connection-duplicate"),
    path("connections/<int:pk>/delete/", views.delete, name="connection-delete"),
    path("connections/<int:pk>/restore/", views.restore, name="connection-restore"),
]
