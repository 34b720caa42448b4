"""What happens next to the process that makes runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def going_on(what: Callable[[threading.Event], None], name: str) -> Iterator[None]:
    """Has it go on in a thread of its own, until the event that it is given is set."""
    done = threading.Event()
    thread = threading.Thread(target=what, args=[done], name=name)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
