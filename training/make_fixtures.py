"""Write fixtures/demo: held-out pictures with faults, and a manifest that mends them.

The faults and settings are those of evaluate.py; two rows are unfinished pictures of emoji-base.
"""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from evaluate import SETTINGS
from pictures import JPEG_QUALITY, compose, degrade, load, prompt_of
from reference import load_base, to_picture

DEMO = Path(__file__).parents[1] / "fixtures" / "demo"
# (name, style, fault): held-out names whose pictures are easy to tell apart.
ROWS = (
    ("angry face", "3d", "noise"),
    ("baseball", "noto", "noise"),
    ("butter", "flat", "noise"),
    ("bell", "3d", "jpeg"),
    ("cat with wry smile", "noto", "jpeg"),
    ("ballet shoes", "flat", "jpeg"),
    ("brown mushroom", "3d", "blur"),
    ("cityscape", "flat", "blur"),
    ("camera", "noto", "lowres"),
    ("coconut", "3d", "pixelated"),
)
UNFINISHED = (("blue circle", "3d"), ("brown mushroom", "3d"))


def write_row(row, picture, quality=None):
    path = DEMO / row["image"]
    Image.fromarray(picture).save(path, **({"quality": quality} if quality else {"optimize": True}))
    return json.dumps(row)


@torch.no_grad()
def unfinished(pipe, prompt, seed, end=0.8, steps=25):
    """The base model stopped at 80 % of its schedule, decoded with the noise still in it."""
    generator = torch.Generator().manual_seed(seed)
    latents = pipe(
        prompt, height=128, width=128, num_inference_steps=steps, denoising_end=end, generator=generator, output_type="latent"
    ).images
    decoded = pipe.vae.decode(latents / pipe.vae.config.scaling_factor).sample
    return to_picture(decoded)


def main():
    DEMO.mkdir(parents=True, exist_ok=True)
    for old in DEMO.iterdir():
        old.unlink()
    pictures, rows = load("test")
    places = {(row["name"], row["style"]): i for i, row in enumerate(rows)}
    lines = []
    for seed, (name, style, fault) in enumerate(ROWS):
        rng = np.random.default_rng([11, seed])
        i = places[name, style]
        clean = compose(pictures[i], rng)
        stem = f"{name.replace(' ', '-')}-{fault}"
        row = {"image": f"{stem}.{'jpg' if fault == 'jpeg' else 'png'}", "prompt": prompt_of(rows[i]), "id": stem, "seed": seed}
        # A JPEG fault is made by saving, once.
        picture = clean if fault == "jpeg" else degrade(clean, fault, rng)
        lines.append(write_row(row | SETTINGS[fault], picture, JPEG_QUALITY if fault == "jpeg" else None))
    pipe = load_base()
    for seed, (name, style) in enumerate(UNFINISHED):
        stem = f"{name.replace(' ', '-')}-unfinished"
        row = {"image": f"{stem}.png", "prompt": f"{name}, {style}", "id": stem, "seed": seed, "strength": 0.4, "steps": 20, "guidance_scale": 2}
        lines.append(write_row(row, unfinished(pipe, row["prompt"], seed)))
    (DEMO / "manifest.jsonl").write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} rows, {sum(f.stat().st_size for f in DEMO.iterdir()) / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
