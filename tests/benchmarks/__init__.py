"""What Tollbook takes, measured by hand (`make bench`) and never in a test: a busy machine must not fail a build.

One module or package for each part (`measured` says what a part hands back); `load` sends webhooks, `yardsticks`
are what the project is held against, `document` writes the tables of docs/performance.md.
"""
