"""Seeded identifiers and synthetic numbers, in the forms of Telnyx facts, section 1."""

import random
import string
import uuid

_URL_SAFE = string.ascii_letters + string.digits + "-_"
_AREA_CODES = ("202", "212", "312", "415", "646")
ACCOUNT_NUMBERS = tuple(f"+1202555010{n}" for n in range(10))


class Ids:
    """Draws identifiers from one seeded generator, so that the same seed names the same things."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def call_control_id(self) -> str:
        """Mostly `v3:` and 50 characters; `v2:` and UUIDs were seen too."""
        form = self._rng.random()
        if form < 0.05:
            return self.uuid()
        return ("v2:" if form < 0.15 else "v3:") + "".join(self._rng.choices(_URL_SAFE, k=50))

    def sip_call_id(self) -> str:
        return f"{self._rng.getrandbits(96):024x}@192.0.2.{self._rng.randint(1, 254)}"

    def account_number(self) -> str:
        return self._rng.choice(ACCOUNT_NUMBERS)

    def contact_number(self) -> str:
        """A number reserved for fiction: +1 NPA 555 01xx, never one of the account's own."""
        return f"+1{self._rng.choice(_AREA_CODES)}55501{self._rng.randint(10, 99)}"

    def sip_address(self) -> str:
        user = "".join(self._rng.choices(string.ascii_lowercase, k=10))
        return f"sip:gencred{user}@sip.telnyx.com"
