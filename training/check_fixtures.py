"""Measure the demo's pictures, before and after, against their originals, through the product's command line.

Prints a Markdown table (for docs/bundled-model.md) and fails where a picture is not better after than before.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from make_fixtures import DEMO, cases
from metrics import psnr, ssim

ROOT = Path(__file__).parents[1]


def read(path):
    return np.asarray(Image.open(path).convert("RGB"))


def main():
    is_better = True
    with tempfile.TemporaryDirectory() as folder:
        command = ["node", "bin/sdxl-refine.js", "batch", str(DEMO / "manifest.jsonl"), "--output-dir", folder, "--quiet"]
        subprocess.run(command, cwd=ROOT, check=True)
        print("| picture | PSNR before, dB | after | SSIM before | after |\n|---|---|---|---|---|")
        for row, clean, _ in cases():
            before, after = read(DEMO / row["image"]), read(Path(folder) / f"{Path(row['image']).stem}.png")
            decibels, similarity = [(measure(before, clean), measure(after, clean)) for measure in (psnr, ssim)]
            is_better &= decibels[1] > decibels[0] and similarity[1] > similarity[0]
            cells = [f"{value:.1f}" for value in decibels] + [f"{value:.3f}" for value in similarity]
            print(f"| {row['id']} | {' | '.join(cells)} |")
    sys.exit(0 if is_better else "Not every picture is better after than before.")


if __name__ == "__main__":
    main()
