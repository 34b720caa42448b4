"""The command `duologue`, and `python -m duologue`."""

import sys

from duologue.interruption import ends_at_once, exit_code, ignore_signals, was_interrupted


def main() -> None:
    """Runs the command line, which Ctrl-C and SIGTERM can end while it is still imported."""
    try:
        with ends_at_once():
            from duologue.cli import app

            app()
    except (Exception, KeyboardInterrupt):
        if not was_interrupted():
            raise
        sys.stderr.write("\nStopped before anything was done.\n")
        sys.exit(exit_code())
    finally:
        ignore_signals()


if __name__ == "__main__":
    main()
