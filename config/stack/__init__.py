"""The embedded stack: PostgreSQL, Valkey and the process group of `manage.py up`.

Nothing here imports Django: `up` has to start a database before settings can name one.
"""
