"""What a worker pool does with an opened job: probe, tell how far it is, and hand over what it found."""
