"""The Procfile as it stands: `karo migrate`, then two web processes and two workers, started by honcho."""

from __future__ import annotations

import asyncio
import signal
import sys

import httpx

from tests.journeys.premises import a_port
from tests.several.cluster import PROCFILE, READY, Cluster
from tests.several.families import agree, link, pay


async def started_by_honcho(town: Cluster, port: int) -> asyncio.subprocess.Process:
    """`honcho start -c web=2,worker=2 web worker`; returns once all four greet."""
    (town.folder / "Procfile").write_text(PROCFILE.read_text())
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "honcho", "--no-colour", "start", "-p", str(port)),
        *("-c", "web=2,worker=2", "web", "worker"),
        cwd=town.folder,
        env=town.environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    said, greeted = b"", 0
    while greeted < 4:
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        assert line, said.decode()
        said += line
        greeted += READY in line
    return process


async def test_families_pay_through_two_web_processes_and_two_workers(town: Cluster) -> None:
    code, said = await town.karo("migrate")
    assert code == 0, said
    port = a_port()
    town.crossing.doors = [port, port + 1]
    honcho = await started_by_honcho(town, port)
    try:
        parents = [town.parent(number) for number in range(8)]
        await asyncio.gather(*map(link, parents))
        await asyncio.gather(*(pay(person, 1000 + number) for number, person in enumerate(parents)))

        async with httpx.AsyncClient(trust_env=False) as operator:
            seen = [
                (await operator.get(f"http://127.0.0.1:{door}/metrics")).text for door in (port, port + 1)
            ]
    finally:
        honcho.send_signal(signal.SIGTERM)
        await asyncio.wait_for(honcho.communicate(), 30)

    assert town.mpesa.books.total_kes == sum(range(1000, 1008))
    assert len(town.mpesa.pushes) == 8
    agree(town)
    for metrics in seen:
        assert 'karo_processes_alive{kind="worker"} 2.0' in metrics
    code, said = await town.karo("check")
    assert (code, "All invariants hold." in said) == (0, True), said


async def test_a_worker_and_a_web_process_refuse_sqlite_in_a_sentence(town: Cluster) -> None:
    town.settings = town.settings.model_copy(update={"database_url": "sqlite:///karo.db"})
    for kind in ("web", "worker"):
        code, said = await town.karo(kind)
        assert code == 2
        assert "DATABASE_URL names an SQLite file" in " ".join(said.split())
