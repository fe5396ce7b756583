"""One request of the API as its handlers see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.responses import Response

from tests.sandbox.account import Account


@dataclass(frozen=True, slots=True)
class Asked:
    """`parameters` in the order in which they were given; `path` by the names of the route.

    `base_url` is where the sandbox was reached, without a slash at its end.
    """

    account: Account
    parameters: tuple[tuple[str, str], ...]
    path: Mapping[str, str]
    body: bytes
    base_url: str

    @property
    def query(self) -> dict[str, str]:
        """The parameters by name; of those that repeat, the last."""
        return dict(self.parameters)


Handler = Callable[[Asked], Response]
