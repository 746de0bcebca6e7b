"""From the rows of a check to its verdict. Each function takes (rows, facts) and returns a `Finding`."""
