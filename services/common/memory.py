"""What a process keeps from its start to its end."""

import gc


def keep_what_is_loaded() -> None:
    """Call at the end of a start. What it loaded is there to stay.

    Left to the collector it is walked through again and again, and each time whoever asks waits some 50 ms more.
    """
    gc.collect()
    gc.freeze()
