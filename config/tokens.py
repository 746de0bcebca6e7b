"""The page “API tokens”: one's own, made and revoked here; and the page that describes the API."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.models import DAYS, MOST_DAYS, ApiToken
from connections.fields import StyledBoundField

MOST_TOKENS = 50
"""Working ones of one person."""


class TokenForm(forms.ModelForm):
    bound_field_class = StyledBoundField
    use_required_attribute = False

    days = forms.IntegerField(
        label="Works for so many days",
        initial=DAYS,
        min_value=1,
        max_value=MOST_DAYS,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text=f"1 to {MOST_DAYS}. Then a new one has to be made.",
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"),
            f"Enter a number of days from 1 to {MOST_DAYS}.",
        ),
    )

    class Meta:
        model = ApiToken
        fields = ["name"]
        labels = {"name": "What it is for"}
        help_texts = {"name": "So that you know which one to revoke."}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "off"})}
        error_messages = {"name": {"required": "Say what the token is for."}}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if ApiToken.objects.working().filter(user=self.user).count() >= MOST_TOKENS:
            self.add_error(
                None, f"{MOST_TOKENS} of your tokens work already. Revoke one that you do not need."
            )
        return cleaned

    def issue(self) -> str:
        """The text of the new token. Only after `is_valid`."""
        return ApiToken.issue(self.user, self.cleaned_data["name"], self.cleaned_data["days"])[1]


@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """A new token is shown in the answer itself: nothing keeps it until another page could show it."""
    user = request.user
    assert isinstance(user, User), "LoginRequiredMiddleware lets nobody else in"
    form, text = TokenForm(request.POST or None, user=user), ""
    if form.is_valid():
        form, text = TokenForm(user=user), form.issue()
    context = {"form": form, "text": text, "tokens": user.api_tokens.all()}
    response = render(request, "api/tokens.html", context, status=422 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=pk, user=request.user)
    token.revoke()
    messages.info(request, f"The token “{token.name}” is refused from now on.")
    return redirect("tokens")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "api/docs.html")
