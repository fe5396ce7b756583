"""What is pulled, killed, cut and frozen on purpose, and what must hold afterwards: `make chaos`.

Each part is a module with `measure(effort)`, as in the benchmarks: what must hold is a figure with a goal (at most 0
webhooks that were acknowledged and lost). Short versions of all parts are among the tests.
"""
