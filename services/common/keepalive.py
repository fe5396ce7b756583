"""The pings that find a dead connection, also a silent one, in a form that both of its ends agree on."""

from dataclasses import dataclass

Option = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keepalive:
    """Each end pings after `time_s` in which it read nothing, and gives the connection up `timeout_s` after that.

    A server counts pings of a client that come sooner than `least_interval_s` after one another, and hangs up on who
    does that again and again (GOAWAY, too_many_pings): it has to be well below the `time_s` of every client.
    """

    time_s: float = 30.0
    timeout_s: float = 10.0
    least_interval_s: float = 10.0

    def client_options(self) -> tuple[Option, ...]:
        """For channels."""
        return (
            *self._pings(),
            # By default gRPC falls silent after two pings in which no data went out: on a stream that only listens.
            ("grpc.http2.max_pings_without_data", 0),
        )

    def server_options(self) -> tuple[Option, ...]:
        """For servers."""
        return (
            *self._pings(),
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.http2.min_ping_interval_without_data_ms", _ms(self.least_interval_s)),
        )

    def _pings(self) -> tuple[Option, ...]:
        return (
            ("grpc.keepalive_time_ms", _ms(self.time_s)),
            ("grpc.keepalive_timeout_ms", _ms(self.timeout_s)),
            ("grpc.keepalive_permit_without_calls", 1),
        )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


KEEPALIVE = Keepalive()
"""What all channels and servers of Tollbook use."""
