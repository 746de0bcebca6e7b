"""An open conversation follows its answer, in as many tabs as there are, and is its owner's alone."""

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.test import Client

from assistant import answering, asking
from tests.rigs.ollama import answer
from tests.rigs.pages import PageSocket, open_page

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def waiting(user):
    return asking.begin(user, "Why is Tokyo slow?")


def path(waiting) -> str:
    return f"/ws/assistant/{waiting.conversation_id}/"


async def refused(client: Client, where: str) -> bool:
    cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost"), (b"cookie", cookie)]
    return not await PageSocket(where, headers).connect()


async def test_two_tabs_see_the_same_answer_being_written(client, waiting, serve):
    serve([step for word in range(20) for step in (*answer(f"{word} ")[:1], 0.01)] + answer("The end."))
    async with open_page(client, path(waiting)) as first, open_page(client, path(waiting)) as second:
        hello = [await tab.frame() for tab in (first, second)]
        await sync_to_async(answering.write)(waiting.pk)
        seen = []
        for tab in (first, second):
            frames = [await tab.frame()]
            while 'data-state="done"' not in frames[-1].get("html", ""):
                frames.append(await tab.frame())
            seen.append(frames)
    assert seen[0] == seen[1]
    numbers = [frame["seq"] for frame in seen[0]]
    assert numbers == list(range(hello[0]["seq"] + 1, hello[0]["seq"] + 1 + len(numbers)))
    drafts = [frame["html"] for frame in seen[0] if "-draft" in frame.get("html", "")]
    assert len(drafts) > 2
    assert "The end." in seen[0][-1]["html"]


async def test_a_socket_of_somebody_elses_conversation_is_refused(waiting):
    eve = await sync_to_async(get_user_model().objects.create)(
        username="eve", password="!", is_superuser=True
    )
    other = Client()
    await sync_to_async(other.force_login)(eve)
    assert await refused(other, path(waiting))
    assert await refused(other, "/ws/assistant/999999/")


async def test_a_socket_is_refused_while_the_flag_is_off(client, waiting, closed_chat):
    closed_chat()
    assert await refused(client, path(waiting))
