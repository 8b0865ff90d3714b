"""Write fixtures/demo: held-out pictures with faults, and a manifest that mends them.

The faults are those of evaluate.py; the settings are the model's own (refine-defaults.json). Chosen, with a look at the
results, among held-out pictures that the refiner brings nearer to the original: evaluate.py says how many those are.
check_fixtures.py measures each.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from pictures import JPEG_QUALITY, compose, degrade, load, prompt_of

DEMO = Path(__file__).parents[1] / "fixtures" / "demo"
# (name, style, fault): held-out names whose pictures are easy to tell apart.
ROWS = (
    ("angry face", "3d", "noise"),
    ("ghost", "flat", "noise"),
    ("butter", "flat", "noise"),
    ("bell", "3d", "jpeg"),
    ("slightly smiling face", "noto", "jpeg"),
    ("keycap 3", "flat", "jpeg"),
    ("brown mushroom", "3d", "blur"),
    ("meat on bone", "flat", "blur"),
    ("two thirty", "flat", "blur"),
    ("coconut", "3d", "pixelated"),
    ("hatching chick", "flat", "pixelated"),
    ("mushroom", "noto", "pixelated"),
)


def cases():
    """(row of the manifest, clean picture, faulty picture): the same at every call."""
    pictures, rows = load("test")
    places = {(row["name"], row["style"]): i for i, row in enumerate(rows)}
    for seed, (name, style, fault) in enumerate(ROWS):
        rng = np.random.default_rng([11, seed])
        i = places[name, style]
        clean = compose(pictures[i], rng)
        stem = f"{name.replace(' ', '-')}-{fault}"
        row = {"image": f"{stem}.{'jpg' if fault == 'jpeg' else 'png'}", "prompt": prompt_of(rows[i]), "id": stem, "seed": seed}
        yield row, clean, degrade(clean, fault, rng)


def main():
    DEMO.mkdir(parents=True, exist_ok=True)
    for old in DEMO.iterdir():
        old.unlink()
    lines = []
    for row, clean, faulty in cases():
        path = DEMO / row["image"]
        # A JPEG fault is made by saving, once.
        if path.suffix == ".jpg":
            Image.fromarray(clean).save(path, quality=JPEG_QUALITY)
        else:
            Image.fromarray(faulty).save(path, optimize=True)
        lines.append(json.dumps(row))
    (DEMO / "manifest.jsonl").write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} rows, {sum(f.stat().st_size for f in DEMO.iterdir()) / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
