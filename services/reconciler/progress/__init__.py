"""Whether this reconciler gets on with its work, told to the others and to whoever asks."""
