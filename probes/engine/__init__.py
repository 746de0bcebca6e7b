"""Measures PostgreSQL servers: asyncio and asyncpg, with no knowledge of Django, Celery or settings."""
