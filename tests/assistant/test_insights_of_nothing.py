"""Insights before there is anything to tell. The known history of other tests stays for a whole file."""

from django.urls import reverse


def test_without_connections_it_says_so(client, db):
    html = client.get(reverse("insights"), headers={"HX-Request": "true"}).content.decode()
    assert "There are no connections yet" in html
