"""What is pulled, killed, cut and frozen on purpose, and what must hold afterwards: `make chaos`.

Each part is a module with `measure(effort)`, as in the benchmarks: what must hold is a figure with a goal (webhooks that
were acknowledged and lost: at most 0). Short versions of all parts are among the tests.
"""
