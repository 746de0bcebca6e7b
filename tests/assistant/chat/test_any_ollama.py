"""What holds of every Ollama: of the rig, and of a real one where OLLAMA_TEST_URL names it.

OLLAMA_TEST_MODEL names the model there; without it the first that is installed answers.
"""

import os

import pytest

from assistant import answering, asking, ollama
from assistant.models import AnswerState
from assistant.ollama import Stream
from assistant.problems import OllamaError
from tests.rigs.ollama import answer

REAL = os.environ.get("OLLAMA_TEST_URL", "")
QUESTION = [{"role": "user", "content": "Count from one to two hundred, in words."}]


REAL_ONE = pytest.param("a real one", marks=pytest.mark.skipif(not REAL, reason="OLLAMA_TEST_URL is not set"))


@pytest.fixture(params=["the rig", REAL_ONE])
def model(request, serve, settings) -> str:
    """The name of a model that answers."""
    if request.param == "the rig":
        serve(answer(*(f"{number} " for number in range(200))))
    else:
        settings.OLLAMA_BASE_URL = REAL
        settings.OLLAMA_MODEL = os.environ.get("OLLAMA_TEST_MODEL") or ollama.models()[0].name
    return settings.OLLAMA_MODEL


def test_it_lists_the_model(model):
    assert model in {name for one in ollama.models() for name in (one.name, one.name.removesuffix(":latest"))}


def test_it_says_more_than_one_piece_and_ends(model):
    pieces = []
    with Stream(model, QUESTION) as stream:
        while not pieces or not pieces[-1].end:
            if piece := stream.next(60):
                pieces.append(piece)
    assert len(pieces) > 2
    assert any(piece.text for piece in pieces)


def test_it_is_left_amid_an_answer(model):
    with Stream(model, QUESTION) as stream:
        while not (piece := stream.next(60)):
            pass
    assert not piece.end


def test_it_does_not_have_every_model(model):
    with Stream("no-such-model:1b", QUESTION) as stream, pytest.raises(OllamaError) as caught:
        stream.next(60)
    assert caught.value.code == "no-model"


@pytest.mark.django_db
def test_it_answers_a_question_about_the_fleet(model, user):
    waiting = asking.begin(user, "Which connection is slowest?")
    answering.write(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.error) == (AnswerState.DONE, "")
    assert waiting.text
