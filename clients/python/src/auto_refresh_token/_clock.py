"""One clock for all processes that judge tokens: the server's."""

from __future__ import annotations

import math
import time
from typing import Optional

from ._log import LOGGER

MAX_OFFSET = 5.0
# A reading that took longer is too inaccurate.
MAX_ROUND_TRIP = 2.0
# How long the server's clock must stay different before it is followed, if no other confirms it.
FOLLOW_AFTER = 60.0


class SharedClock:
    """The server's time, corrected by half of the round trip.

    It runs on the monotonic clock, so neither a jump of the local clock nor a short one of the
    server's moves it. A reading more than 5 s off is followed if the local clock agrees with it
    or, if the local clock agrees with neither, after a minute. All times are in seconds.
    """

    def __init__(self) -> None:
        self._anchor: Optional[tuple[float, float]] = None
        self._diverged_since: Optional[float] = None
        self._offset = 0.0
        self._warned = False

    def now(self) -> float:
        """Returns Unix seconds; the local time before the first reading."""
        return self._to_time(time.monotonic())

    def observe(self, server: float, sent_at: float, heard_at: float) -> None:
        """Corrects the clock by a reading between two readings of `time.monotonic()`."""
        half_trip = (heard_at - sent_at) / 2
        if not 0 <= half_trip * 2 <= MAX_ROUND_TRIP:
            return
        read = server + half_trip
        own = time.time() - (time.monotonic() - heard_at)
        self._offset = _beyond(read - own, half_trip)
        if self._anchor is None:
            self._anchor = (read, heard_at)
        else:
            drift = _beyond(read - self._to_time(heard_at), half_trip)
            if abs(drift) <= MAX_OFFSET:
                self._diverged_since = None
                self._anchor = (self._anchor[0] + drift, self._anchor[1])
            elif self._is_followed(read, own, heard_at):
                self._diverged_since = None
                self._anchor = (read, heard_at)
            elif self._diverged_since is None:
                self._diverged_since = heard_at
        self._report()

    def _to_time(self, at: float) -> float:
        if self._anchor is None:
            return time.time()
        return self._anchor[0] + (at - self._anchor[1])

    def _is_followed(self, read: float, own: float, heard_at: float) -> bool:
        if abs(read - own) <= MAX_OFFSET:
            return True
        if abs(self._to_time(heard_at) - own) <= MAX_OFFSET:
            return False
        since = self._diverged_since
        return since is not None and heard_at - since >= FOLLOW_AFTER

    def _report(self) -> None:
        is_off = self._diverged_since is None and abs(self._offset) > MAX_OFFSET
        if is_off == self._warned:
            return
        self._warned = is_off
        if is_off:
            LOGGER.warning(
                "Clock of this machine differs from the server's and is corrected: "
                "synchronize it by NTP: offset_seconds=%d",
                round(self._offset),
            )
        else:
            LOGGER.info("Clock of this machine recovered")


def _beyond(difference: float, half_trip: float) -> float:
    """The part of a difference that the network delay does not explain."""
    beyond = abs(difference) - half_trip
    return 0.0 if beyond <= 0 else math.copysign(beyond, difference)
