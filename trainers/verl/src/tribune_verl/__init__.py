"""Worlds served by `tribune serve env` as an agent loop of verl: `loop` is the loop, `data` writes its data set."""
