"""What the history means: facts with references, and a model that may speak of them."""
