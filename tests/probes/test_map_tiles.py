"""Tiles come from the one origin that the environment names, or from nowhere."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import tiles_from_url

PRINT = "from django.conf import settings as s; print(s.CONTENT_SECURITY_POLICY['DIRECTIVES']['img-src'], s.MAP_TILES)"


def test_without_a_url_there_are_none():
    assert tiles_from_url("", "anybody") is None


def test_a_url_gives_its_origin_and_whose_tiles_they_are():
    url = "https://tiles.example.org:8443/v1/{z}/{x}/{y}{r}.png?key=abc"
    assert tiles_from_url(url, "© Example") == {
        "url": url,
        "origin": "https://tiles.example.org:8443",
        "attribution": "© Example",
    }
    assert tiles_from_url(url, "")["attribution"] == "Tiles: tiles.example.org"


@pytest.mark.parametrize(
    "url",
    [
        "tiles.example.org/{z}/{x}/{y}.png",
        "//tiles.example.org/{z}/{x}/{y}.png",
        "javascript:alert(1)//{z}/{x}/{y}",
        "data:image/png;{z}{x}{y}",
        "https:///{z}/{x}/{y}.png",
        "https://*/{z}/{x}/{y}.png",
        "https://*.example.org/{z}/{x}/{y}.png",
        "https://{s}.example.org/{z}/{x}/{y}.png",
        "https://ada:hunter2@example.org/{z}/{x}/{y}.png",
        "https://example.org:port/{z}/{x}/{y}.png",
        "https://example.org; script-src *;/{z}/{x}/{y}.png",
        "https://example.org 'unsafe-inline'/{z}/{x}/{y}.png",
        "https://example.org/{z}/{x}.png",
        "https://example.org/{z}/{x}/{y}/{other}.png",
    ],
)
def test_any_other_url_is_refused_and_not_repeated(url: str):
    with pytest.raises(ImproperlyConfigured) as error:
        tiles_from_url(url, "")
    assert str(error.value).startswith(
        "MERIDIAN_TILE_URL must look like https://tiles.example.org/{z}/{x}/{y}.png"
    )
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "sources"),
    [
        ("", "[\"'self'\", 'data:'] None"),
        (
            "https://tiles.example.org/{z}/{x}/{y}.png",
            "[\"'self'\", 'data:', 'https://tiles.example.org'] {",
        ),
    ],
)
def test_the_policy_for_pictures_is_wider_by_exactly_that_origin(url: str, sources: str):
    environ = {**os.environ, "MERIDIAN_TILE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    said = subprocess.run(
        [sys.executable, "-c", PRINT], env=environ, capture_output=True, text=True, check=True
    ).stdout
    assert said.startswith(sources)
