"""What is read from Ollama, and how precisely a fault is named."""

import itertools
import json
import threading
import time

import pytest

from assistant import ollama
from assistant.ollama import Stream
from assistant.problems import OllamaError
from assistant.wire import clean
from config.stack.ports import free_port
from tests.rigs.ollama import (
    MODEL,
    NO_TOOLS,
    OUT_OF_MEMORY,
    Failure,
    answer,
    calls,
    cuts,
    ends,
    says,
)

QUESTION = [{"role": "user", "content": "Why?"}]


def read(model: str = MODEL, tools=()) -> list[ollama.Piece]:
    pieces = []
    with Stream(model, QUESTION, tools) as stream:
        while not pieces or not pieces[-1].end:
            if piece := stream.next(5):
                pieces.append(piece)
    return pieces


def code_of(read) -> str:
    with pytest.raises(OllamaError) as caught:
        read()
    assert str(caught.value)
    return caught.value.code


def test_pieces_come_as_they_are_said(serve):
    server = serve(answer("Tokyo ", "is far."))
    pieces = read()
    assert [one.text for one in pieces] == ["Tokyo ", "is far.", ""]
    assert pieces[-1].end == "stop"
    assert server.requests[0]["messages"] == QUESTION
    assert server.requests[0]["options"]["num_ctx"] == 8192


def test_a_piece_is_there_before_the_next_is_said(serve):
    gate = threading.Event()

    def waits():
        assert gate.wait(10)
        return says("second")[0]

    serve([*says("first"), waits, *ends()])
    with Stream(MODEL, QUESTION) as stream:
        assert stream.next(5).text == "first"
        assert stream.next(0.01) is None
        gate.set()
        assert stream.next(5).text == "second"


def test_tool_calls_are_handed_on_as_they_were_asked_for(serve):
    serve(calls("latest", connection="tokyo", limit=3) + ends())
    [call] = read()[0].calls
    assert (call.name, call.arguments) == ("latest", {"connection": "tokyo", "limit": 3})


def test_models_are_listed_but_those_that_run_elsewhere(serve):
    serve(models={"llama3.1:8b": 4_900_000_000, "gpt-oss:120b-cloud": 384, "big:cloud": 384, "stub:1b": 400})
    assert [one.name for one in ollama.models()] == ["llama3.1:8b"]


@pytest.mark.parametrize("model", ["gpt-oss:120b-cloud", "gpt-oss:120b-CLOUD", "mine", "MINE:latest", "big"])
def test_a_model_that_runs_elsewhere_is_sent_nothing(serve, model):
    server = serve()
    server.tags = json.dumps(
        {
            "models": [
                {"model": "gpt-oss:120b-cloud", "size": 384},
                {"model": "mine:latest", "size": 384},
                {"model": "big:latest", "size": 4_900_000_000, "remote_host": "https://ollama.com:443"},
            ]
        }
    ).encode()
    assert code_of(lambda: read(model)) == "elsewhere"
    assert server.requests == []
    assert ollama.models() == []


@pytest.mark.parametrize("model", ["mine", "Mine:LATEST"])
def test_a_model_is_found_whatever_its_capitals_and_without_its_tag(serve, model):
    server = serve(answer("Hello."), models={model: 4_900_000_000})
    server.tags = b'{"models": [{"model": "mine:latest", "size": 4900000000}]}'
    assert read(model)[0].text == "Hello."


def test_leaving_a_stream_reaches_the_server_amid_its_silence(serve):
    server = serve([*says("one"), 60.0])
    began = time.monotonic()
    with Stream(MODEL, QUESTION) as stream:
        assert stream.next(5).text == "one"
    assert server.left.wait(5)
    assert time.monotonic() - began < 30


def test_a_stream_can_be_left_before_anything_was_read(serve):
    serve([60.0])
    with Stream(MODEL, QUESTION):
        pass
    assert not [one for one in threading.enumerate() if one.name == "ollama"]


@pytest.mark.parametrize(
    ("turn", "code", "words"),
    [
        (OUT_OF_MEMORY, "memory", "5.3 GiB"),
        (NO_TOOLS, "no-tools", MODEL),
        (
            Failure(503, "server busy, please try again.  maximum pending requests exceeded"),
            "busy",
            "Ask again",
        ),
        (
            Failure(500, "llama runner process has terminated: cudaMalloc failed: out of memory"),
            "memory",
            "out of memory",
        ),
        (
            Failure(500, "llama runner process has terminated: signal: killed"),
            "memory",
            "signal: killed",
        ),
        (Failure(302, "", {"Location": "http://127.0.0.1:9/"}), "redirect", "OLLAMA_BASE_URL"),
        (Failure(500, "something else"), "refused", "something else"),
        (
            [*says("a"), {"error": "an error was encountered while running the model"}],
            "refused",
            "encountered",
        ),
        ([b"this is no JSON\n"], "garbled", "OLLAMA_BASE_URL"),
        ([b"[]\n"], "garbled", "OLLAMA_BASE_URL"),
        ([b'{"message": 7, "done": false}\n'], "garbled", "OLLAMA_BASE_URL"),
        ([b"[" * 100_000 + b"\n"], "garbled", "OLLAMA_BASE_URL"),
        ([b'{"done": ' + b"9" * 5_000 + b"}\n"], "garbled", "OLLAMA_BASE_URL"),
        ([b"x" * 65_536] * 40, "garbled", "cut off"),
        ([*says("a"), cuts], "cut", "middle"),
        (says("a"), "cut", "middle"),
    ],
)
def test_each_fault_has_its_own_words(serve, turn, code, words):
    serve(turn)
    with pytest.raises(OllamaError) as caught:
        read()
    assert caught.value.code == code
    assert words in str(caught.value)


def test_a_model_that_is_not_there_is_named_with_the_command_that_gets_it(serve):
    serve(models={})
    with pytest.raises(OllamaError, match=r"ollama pull qwen2\.5:7b") as caught:
        read()
    assert caught.value.code == "no-model"


def test_nothing_that_listens_is_not_running(settings):
    settings.OLLAMA_BASE_URL = f"http://user:secret@127.0.0.1:{free_port()}"
    for ask in (read, ollama.models):
        with pytest.raises(OllamaError, match="ollama serve") as caught:
            ask()
        assert caught.value.code == "not-running"
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["http://[::1", "http://127.0.0.1:99999", "gopher://127.0.0.1", "http://"]
)
def test_an_address_that_is_none_is_an_error_and_no_crash(settings, address):
    settings.OLLAMA_BASE_URL = address
    assert code_of(read) in {"not-running", "garbled", "cut"}
    assert code_of(ollama.models) in {"not-running", "garbled", "cut"}


@pytest.mark.parametrize(
    "body", [b"no JSON", b"[]", b'{"models": 7}', b'{"models": [{"size": "x"}]}', b"\xff"]
)
def test_a_list_of_models_that_is_none_is_an_error(serve, body):
    serve().tags = body
    assert code_of(ollama.models) == "garbled"


def test_a_list_that_never_ends_takes_no_longer_than_one_that_does(serve, monkeypatch):
    monkeypatch.setattr(ollama, "LIST_SECONDS", 0.3)
    serve().dripping = 0.1
    began = time.monotonic()
    for ask in (ollama.models, read):
        assert code_of(ask) == "timeout"
    assert time.monotonic() - began < 5


def test_no_more_is_read_of_a_list_than_one_can_hold(serve):
    serve().tags = b" " * (2 << 20)
    assert code_of(ollama.models) == "garbled"


def test_a_silent_model_runs_out_of_time(serve, monkeypatch):
    monkeypatch.setattr(ollama, "IDLE_SECONDS", 0.1)
    server = serve([*says("one"), 60.0])
    assert code_of(read) == "timeout"
    assert server.left.wait(5)


def test_a_model_that_never_begins_runs_out_of_time(serve, monkeypatch):
    monkeypatch.setattr(ollama, "FIRST_SECONDS", 0.1)
    serve([60.0])
    assert code_of(read) == "timeout"


def test_no_more_is_read_than_an_answer_can_hold(serve, monkeypatch):
    monkeypatch.setattr("assistant.wire.MOST_BYTES", 10_000)
    server = serve(itertools.repeat(says("word ")[0]))
    assert code_of(read) == "garbled"
    assert server.left.wait(5)


def test_proxies_of_the_environment_are_not_taken(serve, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    serve(answer("direct"))
    assert read()[0].text == "direct"
    assert ollama.models()


def test_what_a_database_would_refuse_is_taken_out():
    said = {"a\x00": ["x\ud800y", float("nan"), {"b": "1\r\n2\x1b[0m"}], "n": 7}
    assert clean(said) == {"a": ["xy", None, {"b": "1\n2[0m"}], "n": 7}
