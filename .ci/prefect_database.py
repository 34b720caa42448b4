"""Prints an empty database of Prefect's as SQL: its tables and indexes, and its revision.

`make lock-database` runs it with the oldest supported Prefect. A temporary server starts from the
result, and newer Prefects add their own migrations.
"""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory


def main() -> None:
    """Migrates a new database and prints it."""
    with TemporaryDirectory() as home:
        os.environ["PREFECT_HOME"] = home  # Prefect reads it when it is imported
        from prefect.server.database import provide_database_interface

        asyncio.run(provide_database_interface().create_db())
        with closing(sqlite3.connect(Path(home, "prefect.db"))) as database:
            print("\n".join(database.iterdump()))


if __name__ == "__main__":
    main()
