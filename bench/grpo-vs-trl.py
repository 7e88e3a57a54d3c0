# The yardstick of bench/grpo-vs-trl.ts: TRL's GRPOTrainer on the CPU, from the same model directory, prompts and settings.
# Usage: grpo-vs-trl.py SETTINGS.json, which names the directory, the prompts and the seed. Prints one JSON object.
import json
import sys
import time

import torch
from datasets import Dataset
from transformers import AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

s = json.load(open(sys.argv[1]))
torch.set_num_threads(s["threads"])


def reward(completions, tool, value, **_):
    """As rewardOf in grpo-vs-trl.ts: half for the tool, half for the argument, nothing for what is no call."""
    scores = []
    for text, name, argument in zip(completions, tool, value):
        head, bracket, tail = text.partition("(")
        called = bracket == "(" and tail.endswith(")") and head in s["tools"]
        scores.append((0.5 * (head == name) + 0.5 * (tail[:-1] == argument)) if called else 0.0)
    return scores


batch = s["groups"] * s["members"]
config = GRPOConfig(
    output_dir=s["output"], seed=s["seed"], use_cpu=True, bf16=False, fp16=False, gradient_checkpointing=False,
    per_device_train_batch_size=batch, gradient_accumulation_steps=1, num_generations=s["members"], max_steps=s["steps"],
    max_completion_length=s["longest"], temperature=1.0, learning_rate=s["learningRate"], lr_scheduler_type="constant",
    warmup_steps=0, adam_beta1=0.9, adam_beta2=0.95, weight_decay=0.0, max_grad_norm=1.0, beta=0.0, epsilon=0.2,
    epsilon_high=0.28, loss_type="dapo", scale_rewards="group", num_iterations=1, shuffle_dataset=False,
    disable_dropout=True, logging_steps=1, save_strategy="no", report_to="none", dataloader_pin_memory=False,
    disable_tqdm=True,
)
tokenizer = AutoTokenizer.from_pretrained(s["model"], padding_side="left")
trainer = GRPOTrainer(
    model=s["model"], reward_funcs=reward, args=config, train_dataset=Dataset.from_list(s["prompts"]),
    processing_class=tokenizer,
)
start = time.perf_counter()
busy = time.process_time()
trainer.train()
seconds, work = time.perf_counter() - start, time.process_time() - busy
rewards = [line["reward"] for line in trainer.state.log_history if "reward" in line]
import trl

versions = f"trl {trl.__version__}, torch {torch.__version__}"
print("RESULT " + json.dumps({"seconds": seconds, "work": work, "rewards": rewards, "versions": versions}))
