from django.contrib import admin
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from config import flags_page, health, metrics, tokens
from config.api import api

favicon = RedirectView.as_view(url=static("meridian/icon.svg"), permanent=True)

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path(
        "login/", login_not_required(auth.LoginView.as_view(redirect_authenticated_user=True)), name="login"
    ),
    path("favicon.ico", login_not_required(favicon)),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("api/docs", tokens.docs, name="api-docs"),
    path("api/", api.urls),
    path("flags/", flags_page.flags_page, name="flags"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<int:pk>/revoke/", tokens.revoke, name="token-revoke"),
    path("", include("connections.urls")),
    path("", include("probes.urls")),
    path("", include("assistant.urls")),
]
