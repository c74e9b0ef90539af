"""What each owner uses, to the call and to the token."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from pharia_kernel.errors import QuotaExceeded, Saturated
from pharia_kernel.quotas import Ledger, Limits, ledger_bytes
from pharia_kernel.quotas.ledger import SLOTS
from pharia_kernel.quotas.limits import KERNEL, Account, Owner
from pharia_kernel.quotas.memory import OwnMemory
from pharia_kernel.quotas.window import DAY, MINUTE

Accounts = Callable[..., tuple[Account, ...]]
CALLER = Owner("caller", "a")


def served(ledger: Ledger, accounts: tuple[Account, ...]) -> bool:
    try:
        ledger.arrive(accounts, behind=False)
    except QuotaExceeded:
        return False
    ledger.leave(accounts, 0.01)
    return True


def test_twenty_callers_at_twice_their_rate_get_their_rate(ledger: Ledger, clock: Any, accounts: Accounts) -> None:
    callers = [accounts(f"caller-{number}", rate=10.0) for number in range(20)]
    got = [0] * 20
    for _ in range(30 * 20):
        for number, caller in enumerate(callers):
            got[number] += served(ledger, caller)
        clock.pass_(1 / 20)
    assert all(297 <= count <= 303 for count in got), got


def test_a_refusal_names_the_limit_its_owner_and_when_to_come_again(
    ledger: Ledger, clock: Any, accounts: Accounts
) -> None:
    slow = accounts(rate=0.1, burst=1)
    assert served(ledger, slow)
    with pytest.raises(QuotaExceeded, match="caller a takes 6 calls per minute; come again in 10 s") as refused:
        ledger.arrive(slow, behind=False)
    assert (refused.value.limit, refused.value.owner, refused.value.retry_after) == ("rate", "caller a", 10)
    clock.pass_(9.9)
    assert not served(ledger, slow)
    clock.pass_(0.1)
    assert served(ledger, slow)


def test_a_refused_call_uses_nothing(ledger: Ledger, accounts: Accounts) -> None:
    full = accounts(concurrent=1, queued=0, rate=100.0, burst=50)
    assert ledger.arrive(full, behind=False)
    for _ in range(200):
        with pytest.raises(QuotaExceeded, match="1 calls of caller a are running and 0 wait"):
            ledger.arrive(full, behind=False)
    assert ledger.running(CALLER) == 1
    ledger.leave(full, 1.0)
    assert sum(served(ledger, full) for _ in range(100)) == 49


def test_beyond_its_places_a_call_waits_until_one_is_free(ledger: Ledger, accounts: Accounts) -> None:
    two = accounts(concurrent=2, queued=1)
    assert ledger.arrive(two, behind=False)
    assert ledger.arrive(two, behind=False)
    assert not ledger.arrive(two, behind=False)
    assert (ledger.running(CALLER), ledger.waiting(CALLER)) == (2, 1)
    assert ledger.promote(two) == two[1]
    ledger.leave(two, 1.0)
    assert ledger.promote(two) is None
    assert (ledger.running(CALLER), ledger.waiting(CALLER)) == (2, 0)


def test_who_finds_the_queue_full_is_told_how_long_calls_take(ledger: Ledger, accounts: Accounts) -> None:
    one = accounts(concurrent=1, queued=0)
    ledger.arrive(one, behind=False)
    ledger.leave(one, 7.3)
    ledger.arrive(one, behind=False)
    with pytest.raises(QuotaExceeded) as refused:
        ledger.arrive(one, behind=False)
    assert refused.value.retry_after == 8


def test_the_kernels_own_places_are_no_quota(ledger: Ledger, accounts: Accounts) -> None:
    full = accounts(kernel=Limits(concurrent=1, queued=0))
    ledger.arrive(full, behind=False)
    with pytest.raises(Saturated, match="1 calls are running and 0 wait") as refused:
        ledger.arrive(full, behind=False)
    assert refused.value.retry_after == 1


def test_tokens_are_taken_before_and_settled_after(ledger: Ledger, accounts: Accounts) -> None:
    limited = accounts(minute_tokens=1000)
    reservation = ledger.reserve(limited, 600, 600)
    assert ledger.used(CALLER, MINUTE) == 600
    with pytest.raises(QuotaExceeded, match="may use 1000 tokens per minute, of which 400 are left"):
        ledger.reserve(limited, 500, 500)
    ledger.settle(reservation, 100)
    assert ledger.used(CALLER, MINUTE) == 100
    ledger.reserve(limited, 900, 900)


def test_a_request_of_unknown_length_takes_what_is_left(ledger: Ledger, accounts: Accounts) -> None:
    limited = accounts(minute_tokens=1000)
    ledger.settle(ledger.reserve(limited, 800, 800), 800)
    assert ledger.reserve(limited, 51, 1074).tokens == 200
    with pytest.raises(QuotaExceeded, match="of which 0 are left"):
        ledger.reserve(limited, 51, 1074)


def test_a_request_for_more_than_there_ever_is_is_not_told_to_come_again(ledger: Ledger, accounts: Accounts) -> None:
    with pytest.raises(QuotaExceeded, match="can not be served") as refused:
        ledger.reserve(accounts(minute_tokens=1000), 1001, 1001)
    assert refused.value.retry_after is None


def test_more_than_was_taken_counts_too(ledger: Ledger, accounts: Accounts) -> None:
    limited = accounts(minute_tokens=1000)
    ledger.settle(ledger.reserve(limited, 10, 10), 1500)
    assert ledger.used(CALLER, MINUTE) == 1500
    with pytest.raises(QuotaExceeded, match="of which 0 are left"):
        ledger.reserve(limited, 1, 1)


def test_each_minute_and_each_day_begins_anew_when_it_was_said_to(
    ledger: Ledger, clock: Any, accounts: Accounts
) -> None:
    limited = accounts(minute_tokens=100, day_tokens=250)
    refused = []
    for wanted in (100, 100, 50):
        ledger.settle(ledger.reserve(limited, wanted, wanted), wanted)
        with pytest.raises(QuotaExceeded) as told:
            ledger.reserve(limited, 1, 1)
        assert told.value.retry_after
        clock.pass_(told.value.retry_after)
        refused.append(told.value.limit)
    assert refused == ["tokens-per-minute", "tokens-per-minute", "tokens-per-day"]
    assert clock.wall % 86_400 < 1
    ledger.reserve(limited, 100, 100)


def test_what_is_settled_after_its_minute_does_not_count_in_the_next(
    ledger: Ledger, clock: Any, accounts: Accounts
) -> None:
    limited = accounts(minute_tokens=100)
    before = ledger.reserve(limited, 90, 90)
    clock.pass_(60)
    now = ledger.reserve(limited, 90, 90)
    ledger.settle(before, 5)
    assert ledger.used(CALLER, MINUTE) == 90
    ledger.settle(now, 20)
    assert ledger.used(CALLER, MINUTE) == 20


def test_a_clock_that_jumps_back_harms_nobody(ledger: Ledger, clock: Any, accounts: Accounts) -> None:
    limited = accounts(minute_tokens=100, day_tokens=100)
    ledger.reserve(limited, 100, 100)
    clock.wall -= 400 * 86_400
    ledger.reserve(limited, 100, 100)
    with pytest.raises(QuotaExceeded):
        ledger.reserve(limited, 1, 1)


@pytest.mark.parametrize("seed", range(15))
def test_whatever_happens_the_count_is_what_was_used_and_never_more_than_the_limit(
    seed: int, ledger: Ledger, accounts: Accounts
) -> None:
    chance = random.Random(seed)
    limited = accounts(minute_tokens=5000)
    open_, used = [], 0
    for _ in range(500):
        if open_ and chance.random() < 0.5:
            reservation = open_.pop(chance.randrange(len(open_)))
            actual = chance.randint(0, reservation.tokens)
            ledger.settle(reservation, actual)
            used += actual
        else:
            wanted = chance.randint(1, 800)
            try:
                open_.append(ledger.reserve(limited, chance.randint(1, wanted), wanted))
            except QuotaExceeded:
                continue
        assert ledger.used(CALLER, MINUTE) == used + sum(one.tokens for one in open_) <= 5000
    for reservation in open_:
        ledger.settle(reservation, 0)
    assert ledger.used(CALLER, MINUTE) == used


@pytest.mark.parametrize("seed", range(10))
def test_whatever_happens_as_many_run_as_began_and_did_not_end(seed: int, ledger: Ledger) -> None:
    chance = random.Random(seed)
    sets = [
        (
            Account(KERNEL, Limits(concurrent=6, queued=5)),
            Account(Owner("caller", name), Limits(concurrent=3, queued=2)),
        )
        for name in "abc"
    ]
    running: list[tuple[Account, ...]] = []
    waiting: list[tuple[Account, ...]] = []
    for _ in range(2000):
        choice, accounts = chance.random(), chance.choice(sets)
        if choice < 0.4:
            try:
                (running if ledger.arrive(accounts, behind=False) else waiting).append(accounts)
            except (QuotaExceeded, Saturated):
                continue
        elif choice < 0.7 and running:
            ledger.leave(running.pop(chance.randrange(len(running))), 0.1)
        elif choice < 0.8 and waiting:
            ledger.abandon(waiting.pop(chance.randrange(len(waiting))))
        elif waiting:
            mine = waiting.pop(chance.randrange(len(waiting)))
            (running if ledger.promote(mine) is None else waiting).append(mine)
        assert ledger.running(KERNEL) == len(running) <= 6
        assert ledger.waiting(KERNEL) == len(waiting) <= 5
        for accounts in sets:
            assert ledger.running(accounts[1].owner) == running.count(accounts) <= 3


def test_more_callers_than_there_is_room_for_make_it_forget_the_oldest(ledger: Ledger, clock: Any) -> None:
    busy = (Account(KERNEL, Limits()), Account(Owner("caller", "busy"), Limits(concurrent=1)))
    ledger.arrive(busy, behind=False)
    for number in range(SLOTS + SLOTS // 2):
        clock.pass_(0.001)
        ledger.note_used(Owner("caller", f"caller-{number}"), DAY, 1)
    assert ledger.running(Owner("caller", "busy")) == 1
    assert ledger.used(Owner("caller", f"caller-{number}"), DAY) == 1


def test_the_calls_of_a_dead_process_are_struck_out(clock: Any) -> None:
    memory = OwnMemory(ledger_bytes(2))
    first, second = (Ledger(memory, number, 2, clock=clock, wall=clock.by_the_wall) for number in range(2))
    two = (Account(KERNEL, Limits()), Account(CALLER, Limits(concurrent=2)))
    assert first.arrive(two, behind=False)
    assert second.arrive(two, behind=False)
    assert not first.arrive(two, behind=False)
    first.strike_out(1)
    assert (first.running(CALLER), first.waiting(CALLER)) == (1, 1)
    assert first.promote(two) is None


def test_processes_take_turns_for_places_that_become_free(clock: Any) -> None:
    memory = OwnMemory(ledger_bytes(3))
    ledgers = [Ledger(memory, number, 3, clock=clock, wall=clock.by_the_wall) for number in range(3)]
    one = (Account(KERNEL, Limits(concurrent=1, queued=10)),)
    ledgers[0].arrive(one, behind=False)
    assert ledgers[0].next_waiting() == -1
    for number in (0, 0, 2, 2):
        ledgers[number].arrive(one, behind=False)
    assert [ledgers[0].next_waiting() for _ in range(4)] in ([2, 0, 2, 0], [0, 2, 0, 2])
