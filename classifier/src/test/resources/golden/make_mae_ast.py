"""Golden numbers of MAE-AST with look-aside adapters, in float64 NumPy and from the papers alone (arXiv 2203.16691, 2412.05951):

    python3 make_mae_ast.py mae_ast_96 ../../../../../trainer/src/test/resources/golden/mae_ast_96

Tensors have the names of the published state dict (fairseq's encoder layers, norms after the sums, sines for positions, patches
column by column), so the loader's order of patches and pixels is tested, too. Gradients are central differences.
"""
import json, struct, sys
import numpy as np

WIDTH, HEADS, DEPTH, HIDDEN, FRAMES, MELS, CLASSES, RANK, BATCH = 32, 2, 2, 64, 96, 128, 5, 3, 3
T, F = FRAMES // 16, MELS // 16
rng = np.random.default_rng(7)


def save(path, tensors, metadata=None):
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name in sorted(tensors):
        raw = np.ascontiguousarray(tensors[name], "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + data)


def made(*shape, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype("f4").astype("f8")


w = {"post_extract_proj.weight": made(WIDTH, 256, scale=1 / 16), "post_extract_proj.bias": made(WIDTH, scale=.1)}
for norm in ["encoder.layer_norm"] + [f"encoder.layers.{i}.{n}" for i in range(DEPTH) for n in ("self_attn_layer_norm", "final_layer_norm")]:
    w[norm + ".weight"], w[norm + ".bias"] = 1 + made(WIDTH, scale=.1), made(WIDTH, scale=.1)
for i in range(DEPTH):
    for name, out, inn in [(f"self_attn.{p}_proj", WIDTH, WIDTH) for p in ("q", "k", "v", "out")] + [("fc1", HIDDEN, WIDTH), ("fc2", WIDTH, HIDDEN)]:
        w[f"encoder.layers.{i}.{name}.weight"] = made(out, inn, scale=inn ** -.5)
        w[f"encoder.layers.{i}.{name}.bias"] = made(out, scale=.1)

a = {"head.norm.weight": 1 + made(WIDTH, scale=.1), "head.norm.bias": made(WIDTH, scale=.1), "head.fc.weight": made(CLASSES, WIDTH, scale=.3), "head.fc.bias": made(CLASSES, scale=.1)}
for i in range(DEPTH):
    for site, kernel in (("attn", (1, 3)), ("mlp", (3, 1))):
        a[f"blocks.{i}.{site}.loaa.down.weight"] = made(RANK, WIDTH, *kernel, scale=.2)
        a[f"blocks.{i}.{site}.loaa.up.weight"] = made(WIDTH, RANK, *kernel, scale=.2)


def erf(x):  # Chebyshev fit of Numerical Recipes is too coarse: a series, and its complement by continued fraction is not needed for |x| < 6
    term, total = x.copy(), x.copy()
    for n in range(1, 140):
        term = -term * x * x / n
        total += term / (2 * n + 1)
    return np.clip(total * 2 / np.sqrt(np.pi), -1, 1)


def gelu(x):
    return x * .5 * (1 + np.where(abs(x) > 6, np.sign(x), erf(np.clip(x, -6, 6) / np.sqrt(2))))


def norm(x, name, p, eps=1e-5):
    m = x.mean(-1, keepdims=True)
    return (x - m) / np.sqrt(((x - m) ** 2).mean(-1, keepdims=True) + eps) * p[name + ".weight"] + p[name + ".bias"]


def linear(x, name):
    return x @ w[name + ".weight"].T + w[name + ".bias"]


def conv(x, k):  # [B, T * F, in] in MAE-AST's order; kernel [out, in, kF, kT]
    grid = x.reshape(BATCH, T, F, -1)
    y = np.zeros((BATCH, T, F, k.shape[0]))
    for i in range(k.shape[2]):
        for j in range(k.shape[3]):
            df, dt = i - k.shape[2] // 2, j - k.shape[3] // 2
            for t in range(max(0, -dt), min(T, T - dt)):
                for f in range(max(0, -df), min(F, F - df)):
                    y[:, t, f] += grid[:, t + dt, f + df] @ k[:, :, i, j].T
    return y.reshape(BATCH, T * F, -1)


def loaa(x, p, block, site):
    name = f"blocks.{block}.{site}.loaa."
    return conv(gelu(conv(x, p[name + "down.weight"])), p[name + "up.weight"])


def forward(x, p):
    patches = x.reshape(BATCH, T, 16, F, 16).transpose(0, 1, 3, 2, 4).reshape(BATCH, T * F, 256)  # column by column, frame by frame
    angle = np.arange(T * F)[:, None] * np.exp(np.arange(0, WIDTH, 2) * (-np.log(10000.0) / WIDTH))
    sines = np.zeros((T * F, WIDTH))
    sines[:, 0::2], sines[:, 1::2] = np.sin(angle), np.cos(angle)
    h = norm(linear(patches, "post_extract_proj") + sines, "encoder.layer_norm", w)
    for i in range(DEPTH):
        e = f"encoder.layers.{i}."
        q, k, v = [linear(h, e + f"self_attn.{c}_proj").reshape(BATCH, T * F, HEADS, -1).transpose(0, 2, 1, 3) for c in "qkv"]
        s = q @ k.transpose(0, 1, 3, 2) * (WIDTH // HEADS) ** -.5
        s = np.exp(s - s.max(-1, keepdims=True))
        attention = s / s.sum(-1, keepdims=True)
        mixed = (attention @ v).transpose(0, 2, 1, 3).reshape(BATCH, T * F, WIDTH)
        h = norm(h + linear(mixed, e + "self_attn.out_proj") + loaa(h, p, i, "attn"), e + "self_attn_layer_norm", w)
        h = norm(h + linear(gelu(linear(h, e + "fc1")), e + "fc2") + loaa(h, p, i, "mlp"), e + "final_layer_norm", w)
    pooled = norm(h.mean(1), "head.norm", p)
    return pooled @ p["head.fc.weight"].T + p["head.fc.bias"], attention


def loss(x, target, p):
    logits, _ = forward(x, p)
    m = logits.max(-1, keepdims=True)
    log = logits - m - np.log(np.exp(logits - m).sum(-1, keepdims=True))
    return -(target * log).sum(-1).mean()


x = made(BATCH, FRAMES, MELS, scale=.5)
target = np.eye(CLASSES)[[1, 3, 0]]
logits, attention = forward(x, a)
grads = {}
for name, tensor in a.items():
    g = np.zeros(tensor.size)
    for i in range(tensor.size):
        was, ends = tensor.flat[i], []
        for step in (1e-5, -1e-5):
            tensor.flat[i] = was + step
            ends.append(loss(x, target, a))
        tensor.flat[i] = was
        g[i] = (ends[0] - ends[1]) / 2e-5
    grads[name] = g.reshape(tensor.shape)

# The product's order of patches is row by row.
order = np.arange(T * F).reshape(T, F).T.reshape(-1)
attention = attention[:, :, order][:, :, :, order]
# Tensors that only pretraining needs.
extra = {"decoder_mask_emb": made(WIDTH), "final_proj_classification.weight": made(256, WIDTH), "decoder.layer_norm.weight": made(WIDTH),
         "enc_sine_pos_embed.pe": made(1, 64, WIDTH), "batch_norm.running_mean": made(1)}
save(sys.argv[1] + "/backbone.safetensors", w | extra, {"heads": str(HEADS)})
save(sys.argv[1] + "/adapter.safetensors", a, {"format": "lookaside-adapter/1", "labels": json.dumps([f"class{i}" for i in range(CLASSES)]),
     "activation": "softmax", "window_frames": str(FRAMES), "frontend": "ast-fbank", "mean": "-4.2677393", "std": "4.5689974", "attn_kernel": "1x3", "mlp_kernel": "3x1"})
save(sys.argv[1] + "/io.safetensors", {"x": x, "targets": target, "logits": logits, "loss": np.array([loss(x, target, a)]), "last_attention": attention})
save(sys.argv[2] + "/grads.safetensors", grads)
