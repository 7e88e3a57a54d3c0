"""`python -m tribune_trl.train`: GRPO on a served suite, under any launcher of accelerate.

Every flag of TRL's GRPOConfig and ModelConfig, and those of SuiteArguments; `--config FILE.yaml` holds any of them.
What is saved is a directory of `transformers`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from transformers import AutoTokenizer

from tribune_trl.environment import episode_return
from tribune_trl.suite import open_suite
from trl import GRPOConfig, GRPOTrainer, ModelConfig, TrlParser, get_peft_config, get_quantization_config


@dataclass
class SuiteArguments:
    """The suite to train on."""

    url: str = field(default="http://127.0.0.1:8000", metadata={"help": "address of `tribune serve env`"})
    split: str = field(default="train", metadata={"help": "split of the tasks"})
    tasks: int | None = field(default=None, metadata={"help": "at most so many tasks"})
    seeds: int = field(default=1, metadata={"help": "worlds for each task"})
    system: str | None = field(default=None, metadata={"help": "a system prompt"})


def train(suite: SuiteArguments, args: GRPOConfig, model: ModelConfig) -> GRPOTrainer:
    """Trains and saves. Gives the trainer, whose state holds the log."""
    if model.model_name_or_path is None:
        raise SystemExit("--model_name_or_path: expected a model")
    tokenizer = AutoTokenizer.from_pretrained(model.model_name_or_path, padding_side="left")
    served = open_suite(suite.url, tokenizer, split=suite.split, limit=suite.tasks, system=suite.system)
    args.model_init_kwargs = {
        "revision": model.model_revision,
        "attn_implementation": model.attn_implementation,
        "dtype": model.dtype,
        **(args.model_init_kwargs or {}),
    }
    trainer = GRPOTrainer(
        model=model.model_name_or_path,
        reward_funcs=[episode_return],
        args=args,
        train_dataset=served.dataset(suite.seeds),
        processing_class=tokenizer,
        environment_factory=dict(served.environment_factory),
        quantization_config=get_quantization_config(model),
        peft_config=get_peft_config(model),
    )
    trainer.train(resume_from_checkpoint=args.resume_from_checkpoint)
    trainer.save_model(args.output_dir)
    trainer.end()
    return trainer


def main() -> None:
    parser = TrlParser((SuiteArguments, GRPOConfig, ModelConfig))
    suite, args, model = parser.parse_args_and_config()
    train(suite, args, model)


if __name__ == "__main__":
    main()
