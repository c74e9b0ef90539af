"""The machine's clock is set while the kernel runs: what has a date follows it, what takes a time does not."""

from __future__ import annotations

import time
from pathlib import Path

from components import wat
from doubles.identity_service import identity_service

from .keys import new_key
from .running import HELLO, running, until

DAY = 86_400
CLOCK = """
import datetime, time
import jwt.api_jwt
from pharia_kernel.access.keys.authenticator import FileKeys
def _jump():
    with open({file!r}) as file:
        return int(file.read() or 0)
def _time(real=time.time):
    return real() + _jump()
def _time_ns(real=time.time_ns):
    return real() + _jump() * 1_000_000_000
time.time, time.time_ns = _time, _time_ns
class _Datetime(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time(), tz)
jwt.api_jwt.datetime = _Datetime
FileKeys.__init__.__kwdefaults__["now"] = lambda: _Datetime.now(datetime.UTC)
"""


class Clock:
    """Of the kernel's processes alone."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.jump(0)
        self.prelude = CLOCK.format(file=str(self._file))

    def jump(self, seconds: int) -> None:
        """To so many seconds after the true time."""
        fresh = self._file.with_suffix(".part")
        fresh.write_text(str(seconds))
        fresh.replace(self._file)


async def test_the_clock_jumps_and_keys_expire(tmp_path: Path) -> None:
    clock, keys, skills = Clock(tmp_path), tmp_path / "keys.toml", tmp_path / "skills"
    skills.mkdir()
    _, lasting, _ = await new_key(keys)
    _, hourly, _ = await new_key(keys, "--expires", "1h")
    settings = {"ACCESS__KEYS_FILE": str(keys), "NAMESPACES__DEV__DIRECTORY": str(skills)}
    async with running(tmp_path, prelude=clock.prelude, **settings) as kernel:
        for number, (jump, expired) in enumerate({0: False, DAY: True, -30 * DAY: False, 1: False}.items()):
            clock.jump(jump)
            assert await kernel.greets(lasting)
            answer = await kernel.post(HELLO, token=hourly)
            assert answer.status_code == (403 if expired else 200)
            (skills / f"skill-{number}.wasm").write_bytes(wat.TEXT_ECHO)  # which is still noticed

            async def serves(path: str = f"/v1/skills/dev/skill-{number}/run") -> bool:
                return (await kernel.post(path, token=lasting)).text == '"hello"'

            assert await until(serves)
            assert (await kernel.get("/readyz")).status_code == 200


async def test_the_clock_jumps_and_tokens_expire(tmp_path: Path) -> None:
    clock, config = Clock(tmp_path), tmp_path / "config.toml"
    async with identity_service() as identity:
        grant = '[[access.jwt.grants]]\nclaim = "groups"\nvalue = "team-*"\nnamespaces = ["*"]\nactions = ["run"]\n'
        config.write_text(f'[access.jwt]\nissuer = "{identity.url}"\naudience = ["kernel"]\n{grant}')
        async with running(tmp_path, "--config", str(config), prelude=clock.prelude) as kernel:
            now = int(time.time())
            token = identity.token(exp=now + 3600, nbf=now)
            statuses = {}
            for jump in (0, 3600 + 15, DAY, -15, -DAY, 1):  # within the leeway, and beyond it
                clock.jump(jump)
                statuses[jump] = (await kernel.post(HELLO, token=token)).status_code
            assert statuses == {0: 200, 3600 + 15: 200, DAY: 403, -15: 200, -DAY: 403, 1: 200}
            assert identity.paths().count("/keys") == 1


async def test_the_clock_jumps_and_caches_and_rates_go_on(tmp_path: Path) -> None:
    clock = Clock(tmp_path)
    limits = {"LIMITS__RATE": "0.001", "LIMITS__BURST": "5"}
    async with identity_service() as identity:
        identity.permissions = {"alice": ["KernelAccess"]}
        settings = {"AUTHORIZATION_URL": identity.url, "ACCESS__IAM__CACHE_SECONDS": "1h"}
        async with running(tmp_path, prelude=clock.prelude, **settings, **limits) as kernel:
            for jump in (0, DAY, -DAY, 30 * DAY, 0):
                clock.jump(jump)
                assert await kernel.greets("alice")
            assert identity.paths() == ["/check_user"]
            for jump in (0, DAY, -DAY):
                clock.jump(jump)
                assert "quota-exceeded" in (await kernel.post(HELLO, token="alice")).text
