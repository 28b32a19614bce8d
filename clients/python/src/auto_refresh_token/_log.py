"""Logging: no line contains a token."""

from __future__ import annotations

import logging
import time
from typing import Optional

LOGGER = logging.getLogger("auto_refresh_token")
# The logger that the guide sets to DEBUG.
GUIDE_LOGGER = logging.getLogger("app.middleware.auto_refresh")


def debug(event: str, **fields: object) -> None:
    """Logs a decision to the first of both loggers whose level is DEBUG."""
    for logger in (LOGGER, GUIDE_LOGGER):
        if logger.isEnabledFor(logging.DEBUG):
            facts = " ".join(
                f"{name}={value}" for name, value in fields.items() if value is not None
            )
            logger.debug("%s: %s", event, facts)
            return


class LineBudget:
    """Limits log lines to ten a second, so that an outage does not flood the log."""

    LINES_A_SECOND = 10

    def __init__(self) -> None:
        self._second = -1
        self._written = 0
        self._omitted = 0

    def take(self) -> Optional[int]:
        """Returns None if the line must be dropped, else how many were dropped before it."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._written = second, 0
        if self._written >= self.LINES_A_SECOND:
            self._omitted += 1
            return None
        self._written += 1
        omitted, self._omitted = self._omitted, 0
        return omitted
