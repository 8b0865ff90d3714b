"""How near presets and other settings come to the converged picture, with the bundled models on held-out pictures and prompts.

Reference: the same picture, prompt and seed, with 1 000 steps of the model's own scheduler. Scale: the distance between two seeds' references.
Distances: 1 - SSIM, gradient magnitude similarity deviation (Xue et al. 2014, arXiv:1308.3052) and root mean square error, whose logarithm
is the PSNR. All were chosen before any figure was seen; LPIPS and DISTS need weights that no package ships.

usage: quality.py refiner|base [--count N] [--variants FILE.json]     (after training/make_data.py; Python as training/requirements.txt)

The tables of docs/speed.md, again for new weights of the bundled models: npm run build && quality.py refiner && quality.py base
An interrupted run goes on where it was; pictures are kept by the weights that made them.
"""

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import convolve

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "training"))
from metrics import psnr, ssim
from pictures import EVALUATED, degrade, held_out

CONVERGED = {"steps": 1000}
# Pictures, unless --count says otherwise.
COUNTS = {"refiner": 40, "base": 20}
# Options of the command, by variant; "exact" has none. --variants replaces the list.
VARIANTS = {"exact": [], "balanced": ["--speed", "balanced"], "fast": ["--speed", "fast"]}
# What a preset may lose against the defaults, as a share of the distance between two seeds.
MOST_LOST = 0.1


def gradient_deviation(picture, reference):
    """GMSD of the luminance at half the size, as its authors compute it; 0 for equal pictures."""

    def magnitude(values):
        grey = values.astype(np.float64) @ [0.299, 0.587, 0.114]
        half = convolve(grey, np.full((2, 2), 0.25))[::2, ::2]
        prewitt = np.array([[1, 0, -1]] * 3) / 3
        return np.hypot(convolve(half, prewitt), convolve(half, prewitt.T))

    a, b = magnitude(picture), magnitude(reference)
    return float(((2 * a * b + 170) / (a * a + b * b + 170)).std())


DISTANCES = {
    "1-SSIM": lambda a, b: 1 - ssim(a, b),
    "GMSD": gradient_deviation,
    "RMSE": lambda a, b: 255 * 10 ** (-psnr(a, b) / 20),
}


def run(folder, kind, rows, options):
    """Pictures of the rows, through the command; an earlier run's are taken over."""
    manifest = folder / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    # Interrupted runs go on.
    command = ["node", "bin/sdxl-refine.js", *kind, str(manifest), "--output-dir", str(folder), "--quiet", "--resume", *options]
    subprocess.run(command, cwd=ROOT, check=True)
    return [np.asarray(Image.open(folder / row["output"]).convert("RGB")) for row in rows]


def rows_of(model, count, folder):
    for i, (clean, prompt, rng) in zip(range(count), held_out("test")):
        row = {"prompt": prompt, "seed": i, "output": f"{i:03}.png"}
        if model == "refiner":
            picture = folder / f"input-{i:03}.png"
            Image.fromarray(degrade(clean, EVALUATED[i % len(EVALUATED)], rng)).save(picture)
            row |= {"image": str(picture)}
        yield row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=COUNTS)
    parser.add_argument("--count", type=int)
    parser.add_argument("--variants", type=Path)
    given = parser.parse_args()
    count = COUNTS[given.model] if given.count is None else given.count
    variants = VARIANTS if given.variants is None else json.loads(given.variants.read_text())
    weights = hashlib.sha256((ROOT / "models" / f"emoji-{given.model}" / "SHA256SUMS").read_bytes()).hexdigest()[:8]
    folder = ROOT / "training" / "runs" / "quality" / f"{given.model}-{weights}"
    folder.mkdir(parents=True, exist_ok=True)
    rows = list(rows_of(given.model, count, folder))
    kind = ["batch"] if given.model == "refiner" else ["generate"]

    def pictures(name, changed, options=()):
        place = folder / name
        place.mkdir(exist_ok=True)
        return run(place, kind, [row | changed | {"seed": row["seed"] + changed.get("seed", 0)} for row in rows], [*options, "--batch-size", "4"])

    reference = pictures("converged", CONVERGED)
    other = pictures("converged-other-seed", CONVERGED | {"seed": 1000})
    medians = lambda found, of=reference: {name: float(np.median([distance(a, b) for a, b in zip(found, of)])) for name, distance in DISTANCES.items()}
    scale = medians(other)
    measured = {name: medians(pictures(name, {}, options)) for name, options in variants.items()}
    usual = measured[next(iter(measured))]
    print(f"{given.model}, {count} pictures; medians\n")
    print("| | SSIM | GMSD | PSNR, dB | most lost, share of two seeds' distance | |\n|---|---|---|---|---|---|")
    for name, found in ({"two seeds": scale} | measured).items():
        lost = max((found[metric] - usual[metric]) / scale[metric] for metric in DISTANCES)
        verdict = "" if name in ("two seeds", next(iter(measured))) else "within" if lost <= MOST_LOST else "**too much**"
        print(f"| {name} | {1 - found['1-SSIM']:.4f} | {found['GMSD']:.4f} | {20 * np.log10(255 / found['RMSE']):.1f} | {lost:+.3f} | {verdict} |")


main()
