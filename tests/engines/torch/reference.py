"""The model and its losses written plainly in PyTorch, in double precision: the gradient that ours is compared with. The same
program runs in single precision too, which tells how far rounding alone leads.

Reads one JSON document on standard input and writes one on standard output. Nothing of it is shared with the engine: the
model is written from the papers, differentiation is PyTorch's.
"""
import json
import math
import sys

import torch

torch.set_num_threads(1)


def number(values):
    return torch.tensor(values, dtype=torch.get_default_dtype())


def norm(x, weight, eps):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * weight


def rotate(x, theta):
    half = x.shape[-1] // 2
    angles = torch.arange(x.shape[-2])[:, None] * theta ** (-torch.arange(half) / half)[None, :]
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()], -1)


def forward(config, weights, tokens):
    """Logits [T, V] of one sequence."""
    heads, kv, size = config["heads"], config["kvHeads"], config["headDim"]
    x = weights["model.embed_tokens.weight"][tokens]
    hidden = torch.triu(torch.full((len(tokens), len(tokens)), -math.inf), 1)
    for layer in range(config["layers"]):
        own = lambda name: weights[f"model.layers.{layer}.{name}.weight"]
        y = norm(x, own("input_layernorm"), config["eps"])
        split = lambda name, count: (y @ own(f"self_attn.{name}").T).view(len(tokens), count, size).transpose(0, 1)
        q = rotate(norm(split("q_proj", heads), own("self_attn.q_norm"), config["eps"]), config["theta"])
        k = rotate(norm(split("k_proj", kv), own("self_attn.k_norm"), config["eps"]), config["theta"])
        k, v = (a.repeat_interleave(heads // kv, 0) for a in (k, split("v_proj", kv)))
        scores = (q @ k.transpose(1, 2)) / math.sqrt(size) + hidden
        y = (scores.softmax(-1) @ v).transpose(0, 1).reshape(len(tokens), heads * size)
        x = x + y @ own("self_attn.o_proj").T
        y = norm(x, own("post_attention_layernorm"), config["eps"])
        gate = y @ own("mlp.gate_proj").T
        x = x + (gate * gate.sigmoid() * (y @ own("mlp.up_proj").T)) @ own("mlp.down_proj").T
    return norm(x, weights["model.norm.weight"], config["eps"]) @ weights["model.embed_tokens.weight"].T


def surrogate(loss, logp, datum, chosen):
    """What is gained, a number for each chosen token."""
    old, advantage = (number(datum[name])[chosen] for name in ("oldLogps", "advantages"))
    low, high = 1 - loss["clipLow"], 1 + loss["clipHigh"]
    ratio = (logp - old).exp()
    if loss["surrogate"] == "importance_sampling":
        return ratio * advantage
    if loss["surrogate"] == "cispo":
        return ratio.clamp(low, high).detach() * advantage * logp
    if loss["surrogate"] == "gspo":
        whole = (logp - old).mean().exp().detach()
        ratio = whole * (logp - logp.detach()).exp()
    return torch.minimum(ratio * advantage, ratio.clamp(low, high) * advantage)


def lose(config, weights, datum, table, loss):
    tokens = torch.tensor(datum["tokens"])
    logits = forward(config, weights, tokens[:-1])
    for at, mask in enumerate(datum["masks"][1:]):
        if mask >= 0:
            barred = torch.ones(config["vocab"], dtype=torch.bool)
            barred[torch.tensor(table[mask])] = False
            logits = logits.index_put((torch.tensor(at),), logits[at].masked_fill(barred, -math.inf))
    weight = number(datum["weights"])
    chosen = weight.nonzero()[:, 0]
    logp = logits.log_softmax(-1)[chosen - 1, tokens[chosen]]
    if loss["kind"] == "crossEntropy":
        return -(weight[chosen] * logp).sum()
    d = number(datum["refLogps"])[chosen] - logp
    k3 = d.exp() - d - 1
    return (weight[chosen] * (loss["klCoef"] * k3 - surrogate(loss, logp, datum, chosen))).sum()


def differentiate(task, loss, precision):
    torch.set_default_dtype(precision)
    weights = {name: number(values).view(shape).requires_grad_() for name, shape, values in task["weights"]}
    total = sum(lose(task["config"], weights, datum, task["maskTable"], loss) for datum in task["data"])
    total.backward()
    return total.item(), torch.cat([weights[name].grad.flatten() for name, _, _ in task["weights"]])


def main():
    task, answers = json.load(sys.stdin), []
    for loss in task["losses"]:
        total, gradient = differentiate(task, loss, torch.float64)
        single = differentiate(task, loss, torch.float32)[1]
        rounding = ((single - gradient).norm() / gradient.norm()).item()
        answers.append({"loss": total, "gradient": gradient.tolist(), "rounding": rounding})
    json.dump({"torch": torch.__version__, "answers": answers}, sys.stdout)


main()
