"""Settings that decide over safety and speed."""

from typing import NamedTuple

from probes.engine.health.answers import Row
from probes.engine.health.facts import Facts
from probes.engine.health.findings import Finding, Verdict, worst


class Rule(NamedTuple):
    """What a value of a setting means."""

    setting: str
    value: str
    verdict: Verdict
    note: str


RULES = (
    Rule("fsync", "off", "act", "A crash of the machine destroys the database. Set it to on."),
    Rule("full_page_writes", "off", "act", "A crash can leave torn pages behind. Set it to on."),
    Rule("autovacuum", "off", "act", "Dead rows and transaction ids pile up. Set it to on."),
    Rule("track_counts", "off", "act", "Autovacuum cannot work without it. Set it to on."),
    Rule("synchronous_commit", "off", "watch", "A crash loses the last commits, though nothing breaks."),
    Rule("password_encryption", "md5", "watch", "New passwords are kept as MD5. Set it to scram-sha-256."),
    Rule("ssl", "off", "watch", "Nobody can connect with TLS, unless a proxy adds it."),
    Rule(
        "data_checksums",
        "off",
        "good",
        "Damage on disk goes unnoticed. pg_checksums --enable, while stopped.",
    ),
    Rule("shared_buffers", "16384", "good", "As shipped, 128 MB; a quarter of the memory is usual."),
    Rule("idle_in_transaction_session_timeout", "0", "good", "Nothing ends a forgotten transaction."),
    Rule("track_io_timing", "off", "good", "How long reads take is not noted."),
)

_PENDING = "Changed, and waits for a restart of the server."


def settings(rows: list[Row], facts: Facts) -> Finding:
    judged = [(row, *_judge(row)) for row in rows]
    bad = [row.text("name") for row, verdict, _ in judged if verdict != "good"]
    return Finding(
        verdict=worst([verdict for _, verdict, _ in judged]),
        value=len(bad),
        unit="settings",
        hint=f"Worth a look: {', '.join(bad)}. The list says why."
        if bad
        else "None of the settings that matter most is dangerous.",
        rows=[
            {
                "name": row.text("name"),
                "setting": row.text("setting", 200),
                "unit": row.text("unit"),
                "source": row.text("source"),
                "verdict": verdict,
                "note": note,
            }
            for row, verdict, note in judged
        ],
    )


def _judge(row: Row) -> tuple[Verdict, str]:
    rules = [rule for rule in RULES if (rule.setting, rule.value) == (row.text("name"), row.text("setting"))]
    notes = [rule.note for rule in rules]
    verdicts: list[Verdict] = [rule.verdict for rule in rules]
    if row.flag("pending_restart"):
        notes.append(_PENDING)
        verdicts.append("watch")
    return worst(verdicts), " ".join(notes)
