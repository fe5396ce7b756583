"""How the contestants are called in the tables."""

SQLITE = "Tollbook, SQLite"
POSTGRESQL = "Tollbook, PostgreSQL"
VERIFY_ONLY = "verify-only"
ORM_COMMIT = "one ORM commit each"
NODE = "plain Node, PostgreSQL"
