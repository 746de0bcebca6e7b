class TimingError(ValueError):
    """A timing that cannot be: ``field`` is the one of a schedule that says so, the message is for whoever typed it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
