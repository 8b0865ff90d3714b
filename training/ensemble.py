"""What the refiner adds to the base model, on held-out prompts: the page and the figures of docs/ensemble.md.

One command: `python ensemble.py`. It makes docs/images/ensemble.png, and writes the figures into docs/ensemble.md
between the comments that name this file. Everything runs through the product's command line; prompts, seeds and
settings are fixed here.
"""

import argparse
import json
import re
import subprocess

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import save_file

from evaluate import ROOT
from metrics import interval, psnr, ssim
from models import SCALE
from pictures import SIDE, held_out
from reference import load_base
from runs import RUNS

OUT = RUNS / "ensemble"
PAGE = ROOT / "docs" / "ensemble.md"
SHEET = ROOT / "docs" / "images" / "ensemble.png"
STEPS, HANDOFF, STRENGTH = 50, 0.8, 0.3  # the command's defaults
MODES = ("base", "ensemble", "two-stage")
SHOWN = 8


def run(command, rows, folder, *flags):
    """Rows through the product, in a folder of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    arguments = ["node", "bin/sdxl-refine.js", command, str(manifest), "--output-dir", str(folder), *flags]
    subprocess.run([*arguments, "--no-config", "--overwrite", "--quiet"], cwd=ROOT, check=True)
    return [np.asarray(Image.open(folder / row["output"]).convert("RGB")) for row in rows]


def handed_on(cases):
    """Latents of the held-out pictures themselves, as noisy as the step after the handoff expects."""
    pipe = load_base()
    pipe.scheduler.set_timesteps(STEPS)
    begin = next(i for i, t in enumerate(pipe.scheduler.timesteps) if t < round(1000 * (1 - HANDOFF)))
    sigma = pipe.scheduler.sigmas[begin].item()
    folder = OUT / "latents"
    folder.mkdir(parents=True, exist_ok=True)
    for i, (picture, _, _) in enumerate(cases):
        x = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 127.5 - 1
        with torch.no_grad():
            clean = pipe.vae.encode(x).latent_dist.mode() * pipe.vae.config.scaling_factor
        noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(i))
        save_file({"latents": (clean + sigma * noise).numpy()}, folder / f"{i:04}.safetensors")
    return folder, sigma


def finished_by(cases, latents, model, guidance):
    """The held-out pictures, finished from the same noisy latents by one of the two models."""
    rows = [
        {"latents": str(latents / f"{i:04}.safetensors"), "prompt": prompt, "seed": i, "output": f"{i:04}.png"}
        | {"steps": STEPS, "denoising_start": HANDOFF}
        | ({} if guidance is None else {"guidance_scale": guidance})
        for i, (_, prompt, _) in enumerate(cases)
    ]
    name = model.rsplit("/", 1)[-1]
    return run("batch", rows, OUT / f"finished-{name}-{guidance}", "--model", model)


def compare(cases, latents):
    """Paired PSNR and SSIM against the held-out pictures: a line of the table for each guidance (None: the models' own)."""
    lines = []
    for guidance in (1, None):
        made = {kind: finished_by(cases, latents, f"models/emoji-{kind}", guidance) for kind in ("base", "refiner")}
        cells = ["the models' own" if guidance is None else f"{guidance}"]
        for metric, digits in ((psnr, 2), (ssim, 4)):
            scores = {kind: [metric(a, case[0]) for a, case in zip(made[kind], cases)] for kind in made}
            mean, low, high = interval(np.subtract(scores["refiner"], scores["base"]))
            share = np.mean(np.greater(scores["refiner"], scores["base"]))
            cells += [f"{np.median(scores[kind]):.{digits}f}" for kind in ("base", "refiner")]
            cells += [f"{mean:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})", f"{share:.0%}"]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def sharpness(pictures):
    """Mean absolute Laplacian of the brightness: how much fine structure there is."""
    grey = np.stack([picture.mean(axis=2) for picture in pictures])
    around = grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:] + grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1]
    return np.abs(4 * grey[:, 1:-1, 1:-1] - around).mean(axis=(1, 2))


def detail(pictures, real):
    """How far the fine structure of made pictures is from that of real ones: distance of the two distributions (Wasserstein-1)."""
    return float(np.abs(np.sort(sharpness(pictures)) - np.sort(sharpness(real))).mean())


def generate(cases):
    """The held-out prompts in each mode."""
    rows = [
        {"prompt": prompt, "seed": i, "output": f"{i:04}.png", "steps": STEPS}
        | {"handoff": HANDOFF, "strength": STRENGTH}
        for i, (_, prompt, _) in enumerate(cases)
    ]
    return {mode: run("generate", rows, OUT / mode, "--mode", mode, "--resident", "both") for mode in MODES}


def draw_sheet(made):
    """A row a mode, a column a prompt."""
    places = np.linspace(0, len(made["base"]) - 1, SHOWN).astype(int)
    rows = [np.concatenate([made[mode][i] for i in places], axis=1) for mode in MODES]
    SHEET.parent.mkdir(exist_ok=True)
    Image.fromarray(np.concatenate(rows)).save(SHEET, optimize=True)
    return places


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=4, help="of the held-out pictures, one in so many")
    arguments = parser.parse_args()
    cases = list(held_out("test"))[:: arguments.every]
    latents, sigma = handed_on(cases)
    finished = compare(cases, latents)
    made = generate(cases)
    places = draw_sheet(made)
    real = [picture for picture, _, _ in cases]
    figures = "\n".join(
        [
            f"{len(cases)} held-out pictures and their prompts, {SIDE} px, {STEPS} steps, handoff {HANDOFF} (sigma {sigma:.2f}; the latents' standard deviation is {SCALE}); "
            "means with 95 % bootstrap intervals, medians otherwise.",
            "",
            "| guidance | PSNR, finished by the base | by the refiner | refiner minus base, dB | refiner better "
            "| SSIM, by the base | by the refiner | refiner minus base | refiner better |",
            "|---|---|---|---|---|---|---|---|---|",
            *finished,
            "",
            "| made from noise | distance of fine structure to real pictures | median sharpness |",
            "|---|---|---|",
            *[f"| {mode} | {detail(made[mode], real):.2f} | {np.median(sharpness(made[mode])):.2f} |" for mode in MODES],
            f"| held-out pictures | 0 | {np.median(sharpness(real)):.2f} |",
            "",
            f"Shown above, from the left: {'; '.join(cases[i][1] for i in places)}. Two stages at strength {STRENGTH}.",
        ]
    )
    OUT.joinpath("figures.md").write_text(figures + "\n")
    page = PAGE.read_text()
    marks = re.compile(r"(<!-- figures: training/ensemble\.py -->\n).*?(<!-- end of figures -->)", re.S)
    PAGE.write_text(marks.sub(lambda found: f"{found[1]}\n{figures}\n\n{found[2]}", page))
    print(figures)


if __name__ == "__main__":
    main()
