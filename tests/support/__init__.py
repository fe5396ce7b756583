"""What the tests share: a PostgreSQL of their own, databases, and the real services as processes."""
