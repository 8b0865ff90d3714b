"""Compare the product's pictures with diffusers': the same folders, prompts and seeds.

Passes when no 8-bit value differs by more than 2, and 99.9 % by at most 1.
"""

import json
import subprocess
import sys

import numpy as np
import torch
from PIL import Image

from evaluate import ROOT, SETTINGS, run_product
from pictures import EVALUATED, degrade, held_out
from reference import MODELS, load_base, load_refiner, refine
from runs import RUNS

OUT = RUNS / "check"


def compare(name, ours, theirs):
    difference = np.abs(ours.astype(int) - theirs)
    good = difference.max() <= 2 and np.mean(difference <= 1) >= 0.999
    print(f"{'ok ' if good else 'BAD'} {name}: largest {difference.max()}, at most 1 on {np.mean(difference <= 1):.4%}")
    return good


def check_refiner():
    pipe, good = load_refiner(), True
    cases = list(held_out("test"))[::160]
    for kind in EVALUATED:
        faulty = [degrade(clean, kind, rng) for clean, _, rng in cases]
        prompts, seeds = [prompt for _, prompt, _ in cases], list(range(len(cases)))
        longer = {"strength": 0.3, "steps": 20, "guidance_scale": 5}
        for name, settings in (("as evaluated", SETTINGS), ("longer", longer)):
            rows = [{"prompt": prompt, "seed": seed} | settings for prompt, seed in zip(prompts, seeds)]
            ours = run_product(OUT / f"{kind}-{name.split()[0]}", faulty, rows)
            shared = {key: settings[key] for key in ("strength", "guidance_scale")}
            # One picture a batch, as the product runs them: sums in another order differ.
            theirs = refine(pipe, faulty, prompts, seeds, batch=1, num_inference_steps=settings["steps"], **shared)
            for prompt, a, b in zip(prompts, ours, theirs):
                good &= compare(f"{kind}, {name}, {prompt!r}", a, b)
    return good


def check_base():
    pipe, good = load_base(), True
    # The product takes it from the model's folder by itself; diffusers knows no such file.
    guidance = json.loads((MODELS / "emoji-base" / "refine-defaults.json").read_text())["guidance_scale"]
    for seed, prompt in enumerate(("red apple, 3d", "blue circle, flat")):
        folder = OUT / f"base-{seed}"
        command = ["node", "bin/sdxl-refine.js", "generate", "--mode", "base", "--base", "models/emoji-base", "--prompt", prompt, "--seed", str(seed)]
        command += ["--steps", "20", "--width", "128", "--height", "128", "--output-dir", str(folder), "--overwrite", "--json"]
        lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
        ours = np.asarray(Image.open(folder / json.loads(lines[0])["image_file_name"]).convert("RGB"))
        generator = torch.Generator().manual_seed(seed)
        theirs = pipe(prompt, height=128, width=128, num_inference_steps=20, guidance_scale=guidance, generator=generator).images[0]
        good &= compare(f"base, {prompt!r}", ours, np.asarray(theirs))
    return good


if __name__ == "__main__":
    results = [check_refiner()]
    if "--refiner-only" not in sys.argv:
        results.append(check_base())
    sys.exit(not all(results))
