"""What Tollbook takes, measured by hand (`make bench`) and never in a test: a busy machine must not fail a build.

One module for each thing that is measured, runnable on its own; `timing` is what they share.
"""
