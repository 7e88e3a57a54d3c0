"""Worlds served by `tribune serve env`, as TRL's `GRPOTrainer` wants them.

suite = open_suite("http://127.0.0.1:8000", tokenizer)
GRPOTrainer(
    model, reward_funcs=[episode_return], train_dataset=suite.dataset(),
    environment_factory=suite.environment_factory, processing_class=tokenizer, args=...,
)
"""

from tribune_trl.environment import Environment, Factory, episode_return
from tribune_trl.suite import TrlSuite, open_suite

__all__ = ["Environment", "Factory", "TrlSuite", "episode_return", "open_suite"]
