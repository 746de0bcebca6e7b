"""What stops the embedded stack.

StackError
└── PortTaken
"""


class StackError(Exception):
    """The stack cannot start; the message is one line for the person at the terminal."""


class PortTaken(StackError):
    """A port that has to be this one is held by another program."""
