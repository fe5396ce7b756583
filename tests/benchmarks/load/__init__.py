"""The load generator: a process of its own that costs a small part of what it measures.

Webhooks are made up, signed and written out as whole HTTP requests before the clock runs (`deliveries`); the process
(`python -m tests.benchmarks.load`) only sends bytes, finds the end of each answer, and notes when it came.
"""
