"""Part *ingest*: how many webhooks a second are taken, beside what could be taken at best, and beside other ways."""
