"""A stand-in for Telnyx: one account that sends signed webhooks, serves `/v2`, and knows its own true bill.

Written from the measured facts about Telnyx alone. It imports nothing of Tollbook: a fact that both misread the same
way would pass every test. `server.Sandbox` runs in the loop of a test, `process.SandboxProcess` beside it, and
`python -m tests.sandbox` for `make run`.
"""
