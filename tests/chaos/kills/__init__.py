"""Part *kills*: every process is killed outright at each of its failpoints and at random, under load, twice."""
