"""The peer of the model benchmarks: the same GPT-2 in python3-torch, from the same weights.

    peer_torch.py weights FILE LAYERS WIDTH HEADS LENGTH VOCABULARY   writes random weights in the GPT-2 layout
    peer_torch.py train   FILE HEADS BATCH STEPS                      one JSON line: losses, seconds a step
    peer_torch.py decode  FILE HEADS TOKENS                           one JSON line: tokens, seconds a token
    peer_torch.py matmul                                              one JSON line: float32 GFLOP/s of 2048x2048 products
"""
import json
import math
import struct
import sys
import time

import numpy
import torch
import torch.nn.functional as F

torch.set_num_threads(2)


def write_weights(path, layers, width, heads, length, vocabulary):
    generator = numpy.random.default_rng(1)

    def normal(*shape, deviation=0.02):
        return (generator.standard_normal(shape) * deviation).astype(numpy.float32)

    residual = 0.02 / math.sqrt(2 * layers)
    tensors = {"wte.weight": normal(vocabulary, width), "wpe.weight": normal(length, width)}
    for i in range(layers):
        tensors |= {
            f"h.{i}.ln_1.weight": numpy.ones(width, numpy.float32), f"h.{i}.ln_1.bias": numpy.zeros(width, numpy.float32),
            f"h.{i}.attn.c_attn.weight": normal(width, 3 * width), f"h.{i}.attn.c_attn.bias": numpy.zeros(3 * width, numpy.float32),
            f"h.{i}.attn.c_proj.weight": normal(width, width, deviation=residual), f"h.{i}.attn.c_proj.bias": numpy.zeros(width, numpy.float32),
            f"h.{i}.ln_2.weight": numpy.ones(width, numpy.float32), f"h.{i}.ln_2.bias": numpy.zeros(width, numpy.float32),
            f"h.{i}.mlp.c_fc.weight": normal(width, 4 * width), f"h.{i}.mlp.c_fc.bias": numpy.zeros(4 * width, numpy.float32),
            f"h.{i}.mlp.c_proj.weight": normal(4 * width, width, deviation=residual), f"h.{i}.mlp.c_proj.bias": numpy.zeros(width, numpy.float32),
        }
    tensors |= {"ln_f.weight": numpy.ones(width, numpy.float32), "ln_f.bias": numpy.zeros(width, numpy.float32)}
    header, offset = {}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + tensor.nbytes]}
        offset += tensor.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.tobytes())


def read_weights(path):
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    return {
        name: torch.from_numpy(numpy.frombuffer(data[8 + size + entry["data_offsets"][0]: 8 + size + entry["data_offsets"][1]],
                                                numpy.float32).reshape(entry["shape"]).copy())
        for name, entry in json.loads(data[8:8 + size]).items()
    }


class Gpt2(torch.nn.Module):
    def __init__(self, weights, heads):
        super().__init__()
        self.heads = heads
        self.layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("h."))
        # The four projections are stored [in, out]; F.linear wants [out, in].
        projections = ("c_attn.weight", "c_proj.weight", "c_fc.weight")
        self.w = torch.nn.ParameterDict({
            name.replace(".", "/"): torch.nn.Parameter(tensor.t().contiguous() if name.endswith(projections) else tensor)
            for name, tensor in weights.items()})

    def __getitem__(self, name):
        return self.w[name.replace(".", "/")]

    def norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self[name + ".weight"], self[name + ".bias"], 1e-5)

    def linear(self, x, name):
        return F.linear(x, self[name + ".weight"], self[name + ".bias"])

    def forward(self, ids, cache=None):
        batch, time_ = ids.shape
        past = 0 if cache is None else cache["length"]
        x = F.embedding(ids, self["wte.weight"]) + self["wpe.weight"][past:past + time_]
        width = x.shape[-1] // self.heads
        for i in range(self.layers):
            q, k, v = self.linear(self.norm(x, f"h.{i}.ln_1"), f"h.{i}.attn.c_attn").split(x.shape[-1], -1)
            q, k, v = (t.view(batch, time_, self.heads, width).transpose(1, 2) for t in (q, k, v))
            if cache is not None:
                cache["k"][i][:, :, past:past + time_] = k
                cache["v"][i][:, :, past:past + time_] = v
                k, v = cache["k"][i][:, :, :past + time_], cache["v"][i][:, :, :past + time_]
            scores = q @ k.transpose(-1, -2) / math.sqrt(width)
            if time_ > 1:
                scores = scores.masked_fill(torch.ones(time_, past + time_, dtype=torch.bool).triu(past + 1), float("-inf"))
            x = x + self.linear((scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, time_, -1), f"h.{i}.attn.c_proj")
            x = x + self.linear(F.gelu(self.linear(self.norm(x, f"h.{i}.ln_2"), f"h.{i}.mlp.c_fc"), approximate="tanh"), f"h.{i}.mlp.c_proj")
        if cache is not None:
            cache["length"] = past + time_
            x = x[:, -1:]
        return self.norm(x, "ln_f") @ self["wte.weight"].t()

    def new_cache(self, length):
        width = self["wte.weight"].shape[1] // self.heads
        blank = lambda: [torch.zeros(1, self.heads, length, width) for _ in range(self.layers)]
        return {"k": blank(), "v": blank(), "length": 0}


def tokens(count, vocabulary):
    """The sequence both sides learn: a linear congruence, so that nothing but arithmetic has to agree."""
    value, out = 12345, []
    for _ in range(count):
        value = (value * 1103515245 + 12345) % 2147483648
        out.append((value >> 16) % vocabulary)
    return torch.tensor(out)


def train(path, heads, batch, steps):
    model = Gpt2(read_weights(path), heads)
    vocabulary, length = model["wte.weight"].shape[0], model["wpe.weight"].shape[0]
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
                                  lr=3e-4, betas=(0.9, 0.95), foreach=True)
    data = tokens(batch * (length + 1), vocabulary).view(batch, length + 1)
    losses, times = [], []
    for _ in range(steps):
        start = time.perf_counter()
        loss = F.cross_entropy(model(data[:, :-1]).flatten(0, 1), data[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        times.append(time.perf_counter() - start)
    print(json.dumps({"losses": losses, "seconds": sorted(times)[len(times) // 2]}))


def decode(path, heads, count):
    model = Gpt2(read_weights(path), heads)
    vocabulary, length = model["wte.weight"].shape[0], model["wpe.weight"].shape[0]
    with torch.inference_mode():
        cache = model.new_cache(length)
        current = tokens(16, vocabulary).view(1, -1)
        out, times = [], []
        for _ in range(count):
            start = time.perf_counter()
            current = model(current, cache)[:, -1].argmax(-1, keepdim=True)
            out.append(current.item())
            times.append(time.perf_counter() - start)
    print(json.dumps({"tokens": out, "seconds": sorted(times[1:])[len(times) // 2]}))


def matmul():
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    best = math.inf
    for _ in range(8):
        start = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - start)
    print(json.dumps({"gflops": 2 * 2048**3 / best / 1e9}))


command, *arguments = sys.argv[1:] or ["help"]
if command == "weights":
    write_weights(arguments[0], *map(int, arguments[1:]))
elif command == "train":
    train(arguments[0], *map(int, arguments[1:]))
elif command == "decode":
    decode(arguments[0], *map(int, arguments[1:]))
elif command == "matmul":
    matmul()
else:
    sys.exit(__doc__)
