"""Whether the tests of the money would notice if its rules were a little different: `make mutants`.

Not part of `make test`: it takes the better part of an hour.
"""
