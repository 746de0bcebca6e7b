"""What a question to the history is told when it cannot be answered."""


class Refused(ValueError):
    """The text says in one sentence for a person what was wrong with the question."""
