"""The options of a test: a form accepts exactly what a run accepts, says why at the field, and keeps what was typed."""

from types import SimpleNamespace

import pytest
from django.http import QueryDict

from probes import plans
from probes.engine.plan import PlanError
from probes.forms import LatencyForm, LoadForm, initial_of

ALL_RIGHTS = SimpleNamespace(has_perm=lambda right: True)
NO_RIGHTS = SimpleNamespace(has_perm=lambda right: False)
LATENCY = {"samples": "100", "interval_ms": "0", "warm_up": "5", "cold_connects": "0"}
LOAD = {
    "clients": "10",
    "seconds": "10",
    "loop": "closed",
    "rate": "",
    "spacing": "even",
    "ramp": "",
    "workload": "select1",
    "sql": "",
    "statement_seconds": "5",
    "max_error_share": "10",
    "processes": "0",
}


def latency(**typed: str) -> LatencyForm:
    return LatencyForm({**LATENCY, **typed})


def load(user=ALL_RIGHTS, **typed: str) -> LoadForm:
    return LoadForm({**LOAD, **typed}, user=user)


def test_the_defaults_are_what_a_run_without_options_does():
    assert latency().is_valid()
    form = load()
    assert form.is_valid(), form.errors
    assert plans.plan_of("load", form.params()) == plans.plan_of("load", {})


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [("samples", 1, 1000), ("interval_ms", 0, 10_000), ("warm_up", 0, 100), ("cold_connects", 0, 100)],
)
def test_the_limits_beside_the_fields_of_a_latency_test_are_the_real_ones(field, low, high):
    told = LatencyForm().fields[field].help_text
    assert f"{low:,} to {high:,}" in told
    few = {"samples": "1", "warm_up": "0"} if field == "interval_ms" else {}
    assert latency(**few, **{field: str(low)}).is_valid()
    assert latency(**few, **{field: str(high)}).is_valid()
    assert latency(**{field: str(low - 1)}).errors[field]
    assert latency(**{field: str(high + 1)}).errors[field]


@pytest.mark.parametrize(
    ("field", "low", "high", "beyond"),
    [
        ("clients", "1", "500", ("0", "501")),
        ("seconds", "0.5", "3600", ("0.4", "3601")),
        ("max_error_share", "0", "100", ("-1", "101")),
        ("processes", "0", "10", ("-1", "17")),
        ("rate", "0.1", "1000000", ("0", "1000001")),
    ],
)
def test_the_limits_beside_the_fields_of_a_load_test_are_the_real_ones(field, low, high, beyond):
    for value in (low, high):
        form = load(loop="open", **{"rate": "100", field: value})
        assert form.is_valid(), form.errors
    for value in beyond:
        assert load(loop="open", **{"rate": "100", field: value}).errors[field]


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "ten",
        "1e3",
        "nan",
        "inf",
        "0x10",
        "1_000",
        "1,000",
        "٣",
        "9" * 5000,
        "9" * 19,
        "1.5",
        "--1",
        "1 2",
    ],
)
@pytest.mark.parametrize("field", ["samples", "warm_up"])
def test_nonsense_in_a_number_is_refused_at_its_field_and_kept(field, value):
    form = latency(**{field: value})
    assert list(form.errors) == [field]
    assert form[field].value() == value


@pytest.mark.parametrize("form", [LatencyForm({"sent": ""}), LoadForm({"sent": ""}, user=ALL_RIGHTS)])
def test_a_sheet_that_comes_back_without_its_fields_is_shown_again(form):
    assert form.errors
    assert all(str(field) for field in form)


def test_a_plan_s_own_refusal_is_the_message_of_its_field():
    form = latency(samples="0")
    with pytest.raises(PlanError) as refused:
        plans.plan_of("latency", {"samples": 0})
    message = refused.value.message
    assert form.errors["samples"] == [f"{message[0].upper()}{message[1:]}."]


def test_an_hour_of_waiting_is_too_much_and_said_at_the_interval():
    assert "interval_ms" in latency(samples="1000", interval_ms="10000").errors


@pytest.mark.parametrize("ramp", ["5, 1", "1, x", "0", "1,2,3,4,5,6,7,8,9,10,11", "1.5, 2", "1,,2,two"])
def test_steps_that_no_load_test_takes_are_refused_at_their_field(ramp):
    form = load(ramp=ramp)
    assert form.errors["ramp"]
    assert form["ramp"].value() == ramp


def test_steps_are_clients_or_at_a_target_rate_that_rate():
    assert load(ramp="1, 5,10,").is_valid()
    form = load(ramp="100, 250.5", loop="open", rate="100")
    assert form.is_valid()
    assert form.params()["ramp"] == [100, 250.5]


def test_a_target_rate_must_be_given_for_an_open_loop_and_is_left_out_of_a_closed_one():
    assert load(loop="open").errors["rate"]
    closed = load(rate="5000", spacing="random")
    assert closed.is_valid()
    assert {"rate", "spacing", "loop"}.isdisjoint(closed.params())


def test_own_sql_is_kept_for_the_work_that_runs_it():
    own = load(workload="sql", sql="SELECT 2")
    assert own.is_valid()
    assert own.params()["sql"] == "SELECT 2"
    assert load(workload="sql", sql=" ").errors["sql"]
    other = load(sql="SELECT 2")
    assert other.is_valid()
    assert "sql" not in other.params()


def test_what_takes_a_right_is_offered_only_to_those_who_have_it():
    form = LoadForm(user=NO_RIGHTS)
    assert {"sql", "statement_seconds", "all_slots"}.isdisjoint(form.fields)
    assert "workload" in load(NO_RIGHTS, workload="sql", sql="SELECT 2").errors
    ignored = load(NO_RIGHTS, all_slots="on")
    assert ignored.is_valid()
    assert "all_slots" not in ignored.params()


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"loop": "open", "rate": "250.5", "ramp": "1.5, 3"},
        {"workload": "sql", "sql": "SELECT 2", "all_slots": "on"},
    ],
)
def test_what_a_run_was_asked_can_be_asked_again_from_its_sheet(typed):
    first = load(**typed)
    assert first.is_valid()
    again = LoadForm(initial=initial_of("load", first.params()), user=ALL_RIGHTS)
    shown = {name: again[name].value() for name in again.fields}
    sent = QueryDict(mutable=True)
    sent.update(
        {
            name: "on" if value is True else value
            for name, value in shown.items()
            if value is not None and value is not False
        }
    )
    second = LoadForm(sent, user=ALL_RIGHTS)
    assert second.is_valid(), second.errors
    assert plans.plan_of("load", second.params()) == plans.plan_of("load", first.params())
