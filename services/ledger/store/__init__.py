"""The ledger's store: facts in, charges derived and posted, all in one transaction; one code path for both stores."""
