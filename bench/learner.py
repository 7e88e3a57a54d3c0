# The yardstick of bench/learner.ts: the same models, steps and sampling in PyTorch on the CPU, as one would write them.
# Answers JSON lines: {"do": "train" | "sample" | "peak", ...} each with milliseconds on the clock and of the processor. Not part of the package.
import json
import resource
import sys
import time

import torch
import torch.nn.functional as F


class Norm(torch.nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(size))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


def linear(inputs, outputs):
    return torch.nn.Linear(inputs, outputs, bias=False)


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin


class Layer(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        D, M, self.heads, self.size = c["width"], c["hidden"], c["heads"], c["headDim"]
        E = self.heads * self.size
        self.q, self.k, self.v, self.o = linear(D, E), linear(D, E), linear(D, E), linear(E, D)
        self.gate, self.up, self.down = linear(D, M), linear(D, M), linear(M, D)
        self.before, self.after, self.q_norm, self.k_norm = Norm(D), Norm(D), Norm(self.size), Norm(self.size)

    def forward(self, x, cos, sin, start=0, cache=None):
        rows, length, _ = x.shape
        y = self.before(x)
        split = lambda z: z.view(rows, length, self.heads, self.size)
        q = rotate(self.q_norm(split(self.q(y))).transpose(1, 2), cos, sin)
        k = rotate(self.k_norm(split(self.k(y))).transpose(1, 2), cos, sin)
        v = split(self.v(y)).transpose(1, 2)
        if cache is not None:
            end = start + length
            cache[0][:, :, start:end], cache[1][:, :, start:end] = k, v
            k, v = cache[0][:, :, :end], cache[1][:, :, :end]
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=length > 1)
        x = x + self.o(mixed.transpose(1, 2).reshape(rows, length, -1))
        y = self.after(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Model(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        self.embed = torch.nn.Embedding(c["vocab"], c["width"])
        torch.nn.init.normal_(self.embed.weight, std=0.05)
        self.layers = torch.nn.ModuleList(Layer(c) for _ in range(c["layers"]))
        self.norm = Norm(c["width"])
        E = c["headDim"]
        angles = torch.outer(torch.arange(float(c["context"])), c["theta"] ** (-torch.arange(0, E, 2) / E)).repeat(1, 2)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, tokens, start=0, caches=None):
        end = start + tokens.shape[1]
        cos, sin = self.cos[start:end], self.sin[start:end]
        x = self.embed(tokens)
        for index, layer in enumerate(self.layers):
            x = layer(x, cos, sin, start, caches[index] if caches else None)
        return self.norm(x) @ self.embed.weight.T


trained = {}


def trainer(name, config, compiled):
    """The model, its optimiser and its loss, made once."""
    key = (name, compiled)
    if key not in trained:
        model = Model(config)
        loss = lambda tokens: F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].reshape(-1))
        optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0, fused=True)
        trained[key] = model, optimiser, torch.compile(loss) if compiled else loss
    return trained[key]


def train(name, config, batch, length, steps, threads, compiled):
    torch.set_num_threads(threads)
    model, optimiser, loss = trainer(name, config, compiled)
    tokens = torch.randint(config["vocab"], (batch, length + 1))
    times, work = [], []
    for _ in range(steps):
        start, busy = time.perf_counter(), time.process_time()
        value = loss(tokens)
        optimiser.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimiser.step()
        times.append(1000 * (time.perf_counter() - start))
        work.append(1000 * (time.process_time() - busy))
    return {"ms": times, "work": work}


def sample(config, rows, context, threads):
    """Milliseconds per position of a batch of rows that sample side by side."""
    torch.set_num_threads(threads)
    model, _, _ = trainer("sample", config, False)
    shape = (rows, config["heads"], context, config["headDim"])
    with torch.inference_mode():
        caches = [[torch.zeros(shape) for _ in range(2)] for _ in range(config["layers"])]
        last = torch.randint(config["vocab"], (rows, 1))
        start, busy = time.perf_counter(), time.process_time()
        for at in range(context):
            last = torch.multinomial(model(last, at, caches)[:, -1].softmax(-1), 1)
        return {"ms": [1000 * (time.perf_counter() - start)], "work": [1000 * (time.process_time() - busy)]}


for line in sys.stdin:
    task = json.loads(line)
    do = task.pop("do")
    try:
        if do == "peak":
            answer = {"bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "version": torch.__version__}
        else:
            answer = {"train": train, "sample": sample}[do](**task)
    except Exception as error:  # a machine without a compiler cannot compile
        answer = {"error": str(error).splitlines()[0]}
    print(json.dumps(answer), flush=True)
