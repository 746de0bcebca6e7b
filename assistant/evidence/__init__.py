"""What the history says, fact by fact. Reads `probes.history` and the models; writes, runs and asks for nothing."""
