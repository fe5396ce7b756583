"""What a process keeps from its start to its end, and how often it looks for what it need not keep."""

import gc

_YOUNG_OBJECTS = 10_000
"""Reference counts free nearly everything; looking for the rest at Python's 700 took 5 % of a busy edge's time."""


def keep_what_is_loaded() -> None:
    """Call at the end of a start. What it loaded is there to stay.

    Left to the collector it is walked through again and again, and each time whoever asks waits some 50 ms more.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
