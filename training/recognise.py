"""Does a generated picture show what its prompt says? A small classifier of the training names is asked.

`--train` trains it, apart from the diffusion models, on drawings alone, and saves training/runs/classifier.pt. Without
it, training names are generated through the product's command line at the base model's defaults and without guidance,
and the classifier names each picture. Prints a Markdown table (for docs/bundled-model.md).
"""

import argparse
import math
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from ensemble import run
from metrics import interval
from pictures import load
from runs import RUNS

SIDE = 32  # small enough to train on a CPU, and the softness of the autoencoder is not seen
SAVED = RUNS / "classifier.pt"
PROMPTED = ("3d", "flat", "noto")
UNSEEN = ("blob", "emojitwo")  # styles whose drawings the classifier never trains on: they measure it


def drawings():
    """(straight RGBA in 0..1, N x 4 x 32 x 32 float16, the rows of the training split)."""
    pictures, rows = load("train")
    parts = [torch.from_numpy(pictures[i : i + 256]).permute(0, 3, 1, 2).float().div(255) for i in range(0, len(rows), 256)]
    shrunk = []
    for part in parts:
        alpha = F.avg_pool2d(part[:, 3:], 128 // SIDE)
        colours = F.avg_pool2d(part[:, :3] * part[:, 3:], 128 // SIDE) / alpha.clamp(min=1e-3)
        shrunk.append(torch.cat([colours, alpha], 1).half())
    return torch.cat(shrunk), rows


def composed(rgba):
    """Each drawing, 60 to 94 % wide, somewhere on a background of two colours: N x 3 x 32 x 32 in 0..1."""
    count = len(rgba)
    size = 0.6 + 0.34 * torch.rand(count, 1)
    corner = (2 * torch.rand(count, 2) - 1) * (1 - size) / size
    places = torch.zeros(count, 2, 3)
    places[:, 0, 0] = places[:, 1, 1] = 1 / size[:, 0]
    places[:, :, 2] = corner
    premultiplied = torch.cat([rgba[:, :3] * rgba[:, 3:], rgba[:, 3:]], 1)
    moved = F.grid_sample(premultiplied, F.affine_grid(places, rgba.shape, align_corners=False), align_corners=False)
    angle = 2 * math.pi * torch.rand(count, 1, 1)
    line = torch.linspace(-0.5, 0.5, SIDE)
    ramp = (0.5 + line * angle.cos() + line[:, None] * angle.sin())[:, None].clamp(0, 1)
    first, second = torch.rand(2, count, 3, 1, 1)
    second = torch.where(torch.rand(count, 1, 1, 1) < 0.4, first, second)
    return moved[:, :3] + (1 - moved[:, 3:]) * (first + ramp * (second - first))


def changed(pictures):
    """Contrast, brightness and sharpness as made pictures have them."""
    count = len(pictures)
    contrast, brightness = 0.8 + 0.6 * torch.rand(count, 1, 1, 1), 0.2 * torch.rand(count, 1, 1, 1) - 0.1
    soft = F.avg_pool2d(F.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, 1)
    pictures = torch.lerp(pictures, soft, 0.7 * torch.rand(count, 1, 1, 1))
    return ((pictures - 0.5) * contrast + 0.5 + brightness).clamp(0, 1)


def build(names):
    def layer(before, after):
        return nn.Sequential(nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(), nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU())

    return nn.Sequential(layer(3, 32), layer(32, 64), layer(64, 128), layer(128, 256), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(256, names))


@torch.no_grad()
def ranks(model, pictures, classes):
    """The place of the right name among the classifier's answers, from 0."""
    parts = []
    for start in range(0, len(pictures), 256):
        part = slice(start, start + 256)
        answers = model(pictures[part] * 2 - 1)
        parts.append((answers > answers.gather(1, classes[part, None])).sum(1))
    return torch.cat(parts)


def accuracy(model, rgba, classes):
    torch.manual_seed(1)
    place = ranks(model.eval(), composed(rgba.float()), classes)
    return f"{(place == 0).float().mean():.0%} first, {(place < 10).float().mean():.0%} among ten"


def train(seconds, names, rgba, rows):
    classes = torch.tensor([names.index(row["name"]) for row in rows])
    known = torch.tensor([row["style"] not in UNSEEN for row in rows])
    seen, seen_classes = rgba[known], classes[known]
    torch.manual_seed(0)
    model = build(len(names)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=0.05)
    began, step = time.monotonic(), 0
    while (done := (time.monotonic() - began) / seconds) < 1:
        optimizer.param_groups[0]["lr"] = 3e-3 * min(step / 50, 1) * (0.02 + 0.98 * (1 - done))
        pick = torch.randint(len(seen), (128,))
        pictures = changed(composed(seen[pick].float())).to(memory_format=torch.channels_last)
        loss = F.cross_entropy(model(pictures * 2 - 1), seen_classes[pick], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 200 == 0:
            print(f"step {step}, {time.monotonic() - began:.0f} s, loss {loss.item():.3f}", flush=True)
        step += 1
    print(f"{step} steps, {len(names)} names, {len(seen)} drawings")
    print("on new compositions of these drawings:", accuracy(model, seen, seen_classes))
    print(f"on drawings of {' and '.join(UNSEEN)}, never seen:", accuracy(model, rgba[~known], classes[~known]))
    torch.save(model.state_dict(), SAVED)


def measure(names, rows, count, guidances, steps, seed):
    model = build(len(names))
    model.load_state_dict(torch.load(SAVED))
    model.eval()
    rows = [row for row in rows if row["style"] in PROMPTED]
    picked = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))[:count]]
    classes = torch.tensor([names.index(row["name"]) for row in picked])
    print(f"| guidance; {count} prompts | right name first (95 % interval) | times chance | right name among ten |\n|---|---|---|---|")
    for guidance in guidances:
        settings = {} if guidance is None else {"guidance_scale": guidance}
        settings |= {} if steps is None else {"steps": steps}
        manifest = [{"prompt": f"{row['name']}, {row['style']}", "seed": i, "output": f"{i:04}.png"} | settings for i, row in enumerate(picked)]
        made = run("generate", manifest, RUNS / "recognise" / f"{seed}-{guidance}", "--mode", "base", "--base", "models/emoji-base")
        pictures = torch.from_numpy(np.stack(made)).permute(0, 3, 1, 2).float().div(255)
        place = ranks(model, F.avg_pool2d(pictures, pictures.shape[-1] // SIDE), classes)
        first, low, high = interval((place == 0).numpy().astype(float))
        name = "the model's own" if guidance is None else f"{guidance:g}"
        print(f"| {name} | {first:.1%} ({low:.1%} to {high:.1%}) | {first * len(names):.0f} | {(place < 10).float().mean():.1%} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--seconds", type=float, default=600, help="of the classifier's training")
    parser.add_argument("--count", type=int, default=200, help="prompts")
    parser.add_argument("--guidances", type=float, nargs="*", default=[None, 1])
    parser.add_argument("--steps", type=int, help="default: the command's")
    parser.add_argument("--seed", type=int, default=2, help="picks the prompts")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.train:
        rgba, rows = drawings()
        train(arguments.seconds, sorted({row["name"] for row in rows}), rgba, rows)
    else:
        _, rows = load("train")
        measure(sorted({row["name"] for row in rows}), rows, arguments.count, arguments.guidances, arguments.steps, arguments.seed)


if __name__ == "__main__":
    main()
