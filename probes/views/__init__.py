"""Pages about probing. They read what is stored and ask `dispatch` for runs; none of them opens a connection itself."""
