"""The scratch table: made when asked for, read by the workloads, and never taken for somebody else's."""

import pytest

from probes.engine.errors import ProbeError
from probes.engine.load import create_scratch, drop_scratch
from probes.engine.plan import PlanError
from tests.probes.engine.conftest import at, endpoint_of, superuser_of
from tests.probes.engine.load.runs import load


@pytest.fixture
def clean(unencrypted):
    yield unencrypted
    unencrypted.sql("DROP TABLE IF EXISTS public.meridian_scratch")


@pytest.mark.parametrize("workload", ["point", "range", "mixed"])
@pytest.mark.parametrize("pooled", [False, True])
async def test_the_reading_workloads_read_it(clean, workload, pooled):
    endpoint = superuser_of(clean, pooled=pooled)
    await create_scratch(endpoint, 1000)

    outcome = await load(endpoint, workload=workload, seconds=0.5)

    assert outcome.failure is None
    assert outcome.summary is not None
    assert outcome.summary.samples > 10
    assert outcome.summary.failures == 0
    await drop_scratch(endpoint)
    assert clean.sql("SELECT to_regclass('public.meridian_scratch')") == "None"


async def test_without_it_they_do_not_begin(clean):
    outcome = await load(superuser_of(clean), workload="point")

    assert outcome.failure is not None
    assert outcome.failure.code == "scratch_missing"


async def test_making_it_again_replaces_it(clean):
    await create_scratch(superuser_of(clean), 500)
    await create_scratch(superuser_of(clean), 200)

    assert clean.sql("SELECT count(*) FROM meridian_scratch") == "200"


async def test_a_table_of_somebody_else_is_left_alone(clean):
    clean.sql("CREATE TABLE public.meridian_scratch (id int)", "INSERT INTO meridian_scratch VALUES (7)")

    for attempt in (create_scratch(superuser_of(clean), 100), drop_scratch(superuser_of(clean))):
        with pytest.raises(ProbeError, match="scratch_foreign"):
            await attempt
    outcome = await load(superuser_of(clean), workload="point")

    assert outcome.failure is not None
    assert outcome.failure.code == "scratch_missing"
    assert clean.sql("SELECT id FROM meridian_scratch") == "7"


async def test_dropping_what_is_not_there_is_no_error(clean):
    await drop_scratch(superuser_of(clean))


async def test_one_who_may_not_create_is_told(clean):
    with pytest.raises(ProbeError, match="permission denied"):
        await create_scratch(endpoint_of(clean), 100)


@pytest.mark.parametrize("rows", [0, -1, 99, 2**63, 10_000_000, float("nan"), 1.5, "5", None, True])
async def test_the_number_of_rows_is_bounded(rows):
    with pytest.raises(PlanError, match="rows"):
        await create_scratch(at(1), rows)
