"""What is wrong with Ollama, precisely: a stable code, and a sentence that says what to do."""


class OllamaError(Exception):
    """No answer could be had, or not the whole of it. ``code`` is stable; the message is for whoever asked."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


MOST_QUOTED = 300


def no_model(model: str) -> OllamaError:
    return OllamaError("no-model", f"Ollama has no model {model}. Get it with `ollama pull {model}`.")


def of_response(status: int, said: str, model: str) -> OllamaError:
    """From what Ollama answered with an HTTP status, or amid a stream (status -1)."""
    lower = said.lower()
    if "not found" in lower and "model" in lower:
        return no_model(model)
    if "does not support tools" in lower:
        return OllamaError("no-tools", f"{model} cannot call tools.")
    # A kernel that runs out of memory kills without a word.
    if any(words in lower for words in ("system memory", "out of memory", "signal: killed")):
        return OllamaError(
            "memory", f"There is not enough memory for {model}: {said[:MOST_QUOTED]}. Choose a smaller model."
        )
    if 300 <= status < 400:
        return OllamaError(
            "redirect",
            "The address in OLLAMA_BASE_URL sends elsewhere, which is not followed. Set it to Ollama's own.",
        )
    if status == 503:
        return OllamaError("busy", "Ollama has too many requests waiting. Ask again in a moment.")
    return OllamaError("refused", f"Ollama could not answer: {said[:MOST_QUOTED] or f'HTTP status {status}'}")
