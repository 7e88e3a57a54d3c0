# The yardstick of bench/learner.ts: the same model, step and sampling in PyTorch on the CPU, as one would write it.
# Usage: learner.py '{"vocab": …, …}' threads steps. Prints one JSON object. Not part of the package.
import json
import sys
import time

import torch
import torch.nn.functional as F

config, threads, steps = json.loads(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(0)
V, D, L, H, E, M = (config[k] for k in ("vocab", "width", "layers", "heads", "headDim", "hidden"))
B, T, ROWS, CONTEXT = (config[k] for k in ("batch", "length", "rows", "context"))


class Norm(torch.nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(size))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


def linear(inputs, outputs):
    return torch.nn.Linear(inputs, outputs, bias=False)


angles = torch.outer(torch.arange(1024.0), 10000.0 ** (-torch.arange(0, E, 2) / E)).repeat(1, 2)
COS, SIN = angles.cos(), angles.sin()


def rotate(x, start):
    half = torch.cat((-x[..., E // 2 :], x[..., : E // 2]), -1)
    end = start + x.shape[2]
    return x * COS[start:end] + half * SIN[start:end]


def attend(q, k, v):
    causal = q.shape[2] > 1
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    scores = q @ k.transpose(-1, -2) / E**0.5
    if causal:
        scores = scores + MASK
    return scores.softmax(-1) @ v


MASK = torch.full((T, T), float("-inf")).triu(1)


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.o = linear(D, H * E), linear(D, H * E), linear(D, H * E), linear(H * E, D)
        self.gate, self.up, self.down = linear(D, M), linear(D, M), linear(M, D)
        self.before, self.after, self.q_norm, self.k_norm = Norm(D), Norm(D), Norm(E), Norm(E)

    def forward(self, x, start=0, cache=None):
        rows, length, _ = x.shape
        y = self.before(x)
        split = lambda z: z.view(rows, length, H, E)
        q = rotate(self.q_norm(split(self.q(y))).transpose(1, 2), start)
        k = rotate(self.k_norm(split(self.k(y))).transpose(1, 2), start)
        v = split(self.v(y)).transpose(1, 2)
        if cache is not None:
            cache[0][:, :, start : start + length], cache[1][:, :, start : start + length] = k, v
            k, v = cache[0][:, :, : start + length], cache[1][:, :, : start + length]
        x = x + self.o(attend(q, k, v).transpose(1, 2).reshape(rows, length, H * E))
        y = self.after(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(V, D)
        torch.nn.init.normal_(self.embed.weight, std=0.05)
        self.layers = torch.nn.ModuleList(Layer() for _ in range(L))
        self.norm = Norm(D)

    def forward(self, tokens, start=0, caches=None):
        x = self.embed(tokens)
        for index, layer in enumerate(self.layers):
            x = layer(x, start, caches[index] if caches else None)
        return self.norm(x) @ self.embed.weight.T


model = Model()
optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0)
tokens = torch.randint(V, (B, T + 1))
train = []
for step in range(steps):
    start = time.perf_counter()
    loss = F.cross_entropy(model(tokens[:, :-1]).view(-1, V), tokens[:, 1:].reshape(-1))
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
    optimiser.step()
    train.append(time.perf_counter() - start)

torch.set_num_threads(1)
sample = []
with torch.inference_mode():
    for _ in range(3):
        caches = [[torch.zeros(ROWS, H, CONTEXT, E) for _ in range(2)] for _ in range(L)]
        last = torch.randint(V, (ROWS, 1))
        start = time.perf_counter()
        for at in range(CONTEXT):
            last = torch.multinomial(model(last, at, caches)[:, -1].softmax(-1), 1)
        sample.append(time.perf_counter() - start)

print(json.dumps({"version": torch.__version__, "trainMs": 1000 * min(train), "sampleRate": ROWS * CONTEXT / min(sample)}))
