"""Measure the bundled refiner on the held-out pictures through the product's command line.

Prints Markdown tables (for docs/bundled-model.md); the pictures and the tables of faults are in
training/runs/evaluation/. All faults, seeds and settings are fixed here.
"""

import argparse
import json
import subprocess
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from metrics import interval, psnr, ssim
from pictures import EVALUATED, SIDE, degrade, held_out
from reference import load_refiner, refine, through_vae
from runs import RUNS

ROOT = Path(__file__).parents[1]
OUT = RUNS / "evaluation"
# The command's defaults, with the guidance of the refiner's folder (refine-defaults.json).
SETTINGS = {"strength": 0.3, "steps": 50, "guidance_scale": 1}
NAMES = {
    "noise": "Gaussian noise, sigma 40",
    "jpeg": "JPEG, quality 10",
    "blur": "Gaussian blur, 2.5 px",
    "lowres": "3x downsampling, enlarged bicubic",
    "pixelated": "3x downsampling, pixels repeated",
}


def run_product(folder, pictures, rows):
    """Writes pictures and a manifest, runs `sdxl-refine batch`, reads the results."""
    (folder / "in").mkdir(parents=True, exist_ok=True)
    lines = []
    for i, (picture, row) in enumerate(zip(pictures, rows)):
        Image.fromarray(picture).save(folder / "in" / f"{i:04}.png")
        lines.append(json.dumps({"image": f"in/{i:04}.png", "id": f"{i:04}", "output": f"{i:04}.png"} | row))
    manifest = folder / "manifest.jsonl"
    manifest.write_text("\n".join(lines) + "\n")
    command = ["node", "bin/sdxl-refine.js", "batch", str(manifest), "--model", "models/emoji-refiner"]
    command += ["--output-dir", str(folder / "out"), "--overwrite", "--quiet"]
    subprocess.run(command, cwd=ROOT, check=True)
    return [np.asarray(Image.open(folder / "out" / f"{i:04}.png").convert("RGB")) for i in range(len(rows))]


def run_diffusers(folder, pictures, rows):
    pipe = load_refiner()
    shared = {key: value for key, value in rows[0].items() if key not in ("prompt", "seed", "steps")}
    prompts, seeds = [row["prompt"] for row in rows], [row["seed"] for row in rows]
    return refine(pipe, pictures, prompts, seeds, num_inference_steps=rows[0]["steps"], **shared)


def rows_for(prompts, settings):
    return [{"prompt": prompt, "seed": i} | settings for i, prompt in enumerate(prompts)]


def quartiles(values):
    low, middle, high = np.percentile(values, [25, 50, 75])
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def table(head, lines):
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(line) + " |" for line in lines)])


def sheet(path, columns):
    """Pictures side by side, one row a case: clean, faulty, refined."""
    Image.fromarray(np.concatenate([np.concatenate(row, 1) for row in columns])).save(path)


def conditions(run, clean, prompts, noisy):
    """What the conditions change: the same pictures and seeds, one condition different."""
    wrong = prompts[len(prompts) // 2 :] + prompts[: len(prompts) // 2]
    runs = {
        "right prompt": rows_for(prompts, SETTINGS),
        "wrong prompt": rows_for(wrong, SETTINGS),
        "empty prompt": rows_for([""] * len(prompts), SETTINGS),
        "guidance 2": rows_for(prompts, SETTINGS | {"guidance_scale": 2}),
        "guidance 5": rows_for(prompts, SETTINGS | {"guidance_scale": 5}),
    }
    scores = {}
    for name, rows in runs.items():
        refined = run(OUT / name.replace(" ", "-").replace(",", ""), noisy, rows)
        scores[name] = [psnr(r, c) for r, c in zip(refined, clean)]
    first = next(iter(runs))
    lines = [[first, f"{np.mean(scores[first]):.3f}", ""]]
    for name in list(runs)[1:]:
        mean, low, high = interval(np.subtract(scores[name], scores[first]))
        lines.append([name, f"{np.mean(scores[name]):.3f}", f"{mean:+.3f} ({low:+.3f} to {high:+.3f})"])
    head = [f"noise, {len(clean)} pictures", "mean PSNR, dB", "minus right prompt (95 % interval)"]
    return table(head, lines)


def aesthetic_scores(run, clean, prompts, blurred):
    """What the score changes where the refiner mends: a lower one must leave more of the fault."""
    results = {}
    for score in (6, 4, 2, 1):
        refined = run(OUT / f"score-{score}", blurred, rows_for(prompts, SETTINGS | {"aesthetic_score": score}))
        results[score] = [(ssim(r, c), psnr(r, b)) for r, c, b in zip(refined, clean, blurred)]
    lines = []
    for score, pairs in results.items():
        cells = [str(score)]
        for column, digits in ((0, 4), (1, 2)):
            values, highest = np.array(pairs)[:, column], np.array(results[6])[:, column]
            mean, low, high = interval(values - highest)
            cells += [f"{values.mean():.{digits}f}", f"{mean:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})" if score != 6 else ""]
        lines.append(cells)
    head = [f"aesthetic score; blur, {len(clean)} pictures", "mean SSIM to the clean picture", "minus that of score 6 (95 % interval)"]
    head += ["mean PSNR to the faulty picture, dB", "minus that of score 6 (95 % interval)"]
    return table(head, lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--through", choices=("product", "diffusers"), default="product")
    parser.add_argument("--count", type=int, default=0, help="pictures, evenly spread; 0: all held-out ones")
    parser.add_argument("--conditions", action="store_true", help="instead of the faults: what prompt, guidance and score change")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # a busy machine makes two slower than one
    run = run_product if arguments.through == "product" else run_diffusers
    OUT.mkdir(parents=True, exist_ok=True)
    cases = list(held_out("test"))
    if arguments.count:
        cases = [cases[i] for i in np.linspace(0, len(cases) - 1, arguments.count).round().astype(int)]
    clean, prompts = [c for c, _, _ in cases], [p for _, p, _ in cases]
    if arguments.conditions:
        faulty = {kind: [degrade(c, kind, rng) for c, _, rng in cases] for kind in ("noise", "blur")}
        for table_of, kind in ((aesthetic_scores, "blur"), (conditions, "noise")):
            print(table_of(run, clean, prompts, faulty[kind]) + "\n", flush=True)
        return
    parts = [f"{len(cases)} held-out pictures of {SIDE} px, through {arguments.through}."]

    pipe = load_refiner()
    decoded = through_vae(pipe, clean)
    vae = [(psnr(d, c), ssim(d, c)) for d, c in zip(decoded, clean)]
    parts.append(table(["VAE alone", "median (quartiles)"], [["PSNR, dB", quartiles([v[0] for v in vae])], ["SSIM", quartiles([v[1] for v in vae])]]))

    lines, failures = [], []
    for kind in EVALUATED:
        faulty = [degrade(c, kind, rng) for c, _, rng in cases]
        refined = run(OUT / kind, faulty, rows_for(prompts, SETTINGS))
        before = np.array([(psnr(f, c), ssim(f, c)) for f, c in zip(faulty, clean)])
        after = np.array([(psnr(r, c), ssim(r, c)) for r, c in zip(refined, clean)])
        # What the autoencoder does by itself, so that the UNet's part can be told apart.
        alone = np.array([(psnr(d, c), ssim(d, c)) for d, c in zip(through_vae(pipe, faulty), clean)])
        gain = after - before
        line = [NAMES[kind], " / ".join(str(v) for v in SETTINGS.values())]
        line += [" / ".join(f"{np.median(x[:, 0]):.2f}" for x in (before, alone, after)), f"{np.median(gain[:, 0]):+.2f}"]
        line += [" / ".join(f"{np.median(x[:, 1]):.3f}" for x in (before, alone, after)), f"{np.mean(gain[:, 1] > 0):.0%}"]
        line += [f"{np.mean(after[:, 1] > alone[:, 1]):.0%}"]
        lines.append(line)
        order = np.argsort(gain[:, 1])
        failures += [[NAMES[kind], prompts[i], f"{gain[i, 0]:+.2f}", f"{gain[i, 1]:+.3f}"] for i in order[:3]]
        shown = [*order[:3], *order[len(order) // 2 :][:2], *order[-2:]]
        sheet(OUT / f"{kind}.png", [[clean[i] for i in shown], [faulty[i] for i in shown], [refined[i] for i in shown]])
    head = ["fault", "strength / steps / guidance", "PSNR: faulty / VAE alone / refined", "median PSNR gain, dB"]
    head += ["SSIM: faulty / VAE alone / refined", "SSIM better than faulty", "SSIM better than VAE alone"]
    parts += [table(head, lines), table(["worst three", "prompt", "PSNR gain", "SSIM gain"], failures)]

    report = "\n\n".join(parts) + "\n"
    (OUT / "report.md").write_text(report)
    print(report)


if __name__ == "__main__":
    main()
