"""The plan of kills: every place once, what is rare first, and the same for the same seed."""

import random

from tests.chaos.kills.places import PLACES
from tests.chaos.kills.plan import Kill, kills_of

LEDGER, RECONCILER = PLACES["ledger"], PLACES["reconciler"]


def test_every_place_is_in_it_once_beside_the_random_moments() -> None:
    kills = kills_of(LEDGER, 5, random.Random(1))
    assert sorted(kill.place for kill in kills if kill.place) == sorted(LEDGER)
    assert sum(not kill.place for kill in kills) == 5
    assert all(kill.passes >= 1 and kill.after_s >= 0 for kill in kills)


def test_a_kill_says_how_a_process_is_started() -> None:
    assert Kill("ledger.block.made", passes=3).failpoints == "ledger.block.made=kill@3"
    assert Kill(after_s=2.0).failpoints == ""


def test_the_same_seed_gives_the_same_plan() -> None:
    assert kills_of(LEDGER, 3, random.Random(7)) == kills_of(LEDGER, 3, random.Random(7))
    assert kills_of(LEDGER, 3, random.Random(7)) != kills_of(LEDGER, 3, random.Random(8))


def test_what_is_done_only_so_often_comes_first() -> None:
    places = [kill.place for kill in kills_of(RECONCILER, 0, random.Random(1))]
    charges = [place for place in places if place.startswith(("reconciler.charges.", "reconciler.day."))]
    last = max(places.index(place) for place in charges)
    assert last < places.index("reconciler.page.read")


def test_leftovers_are_looked_for_where_a_kill_has_left_some() -> None:
    places = [kill.place for kill in kills_of(LEDGER, 4, random.Random(3))]
    assert places.index("ledger.intake.claimed") == places.index("ledger.intake.appended") + 1
