"""What a health report says of a pooler."""

from probes.engine.health.findings import Finding


def finding(pooler: str) -> Finding:
    if not pooler:
        return Finding(verdict="good", value="none", hint="The session is the server's own.")
    return Finding(
        verdict="good",
        value=pooler,
        hint="A pooler stands in front of the server. It hides how many clients wait in it, who they are, and "
        "whether the server takes new connections: add a direct connection beside this one to compare.",
    )
