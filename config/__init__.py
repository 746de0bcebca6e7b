"""How the parts are wired together."""
