"""Trying many seeds, few at a time."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.seeded.seeds import Seed
from tests.seeded.trees import copy_repository, sow
from tests.seeded.trial import try_test
from tests.seeded.verdicts import Outcome, Verdict

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """What the test of a seed said without the bug and with it."""

    seed: Seed
    clean: Verdict
    seeded: Verdict

    @property
    def is_noticed(self) -> bool:
        return self.clean.outcome is Outcome.PASSED and self.seeded.outcome is Outcome.FAILED


async def try_seeds(seeds: Sequence[Seed], at_once: int, tell: Tell) -> list[Trial]:
    """First each test without any bug, then each bug in a copy of its own. Nothing is left behind."""
    with tempfile.TemporaryDirectory(prefix="tollbook-seeded-") as name:
        clean = Path(name) / "clean"
        copy_repository(clean)
        turns = asyncio.Semaphore(at_once)
        tests = list(dict.fromkeys(seed.test for seed in seeds))
        verdicts = await asyncio.gather(*(_try_clean(test, clean, turns, tell) for test in tests))
        by_test = dict(zip(tests, verdicts, strict=True))
        return await asyncio.gather(*(_try_seed(seed, by_test, clean, turns, tell) for seed in seeds))


async def _try_clean(test: str, clean: Path, turns: asyncio.Semaphore, tell: Tell) -> Verdict:
    async with turns:
        start_s = time.monotonic()
        verdict = await try_test(test, clean)
        tell(f"without a bug: {test}: {verdict.outcome} in {time.monotonic() - start_s:.0f} s")
        return verdict


async def _try_seed(
    seed: Seed, clean_verdicts: Mapping[str, Verdict], clean: Path, turns: asyncio.Semaphore, tell: Tell
) -> Trial:
    async with turns:
        start_s = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="sown-", dir=clean.parent) as name:
            tree = Path(name) / "tree"
            sow(seed, clean, tree)
            trial = Trial(seed, clean_verdicts[seed.test], await try_test(seed.test, tree))
        tell(f"{seed.promise}: {seed.bug} {trial.seeded.outcome} in {time.monotonic() - start_s:.0f} s")
        return trial
