"""Render the emoji sets to one array: 128 px RGBA pictures with their names as prompts.

Writes training/data/pictures.npy (uint8, N x 128 x 128 x 4, straight alpha) and
training/data/index.json (per picture: name, style, split).
"""

import argparse
import hashlib
import io
import json
import re
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

SIDE = 128
STYLES = ("3d", "flat", "noto")
# Versions are pinned: another release has other pictures, and the split would move.
PACKAGES = {
    "fluent-emoji": ("@iconify-json/fluent-emoji@1.2.7", "3d"),
    "fluent-emoji-flat": ("@iconify-json/fluent-emoji-flat@1.2.6", "flat"),
    "noto": ("@iconify-json/noto@1.2.9", "noto"),
}
# More drawings for training alone. They come after the sets above, so the held-out pictures stay what they were.
TRAINING_PACKAGES = {
    "twemoji": ("@iconify-json/twemoji@1.2.5", "twemoji"),
    "noto-v1": ("@iconify-json/noto-v1@1.2.5", "blob"),
    "emojione": ("@iconify-json/emojione@1.2.3", "emojitwo"),
}
# Skin tone variants repeat one drawing five times; only the plain drawing is kept.
TONE = re.compile(r"skin-tone|tone\d|-(light|medium|dark|medium-light|medium-dark)$")


def split_of(name):
    """The split by name alone, so that no style variant of a held-out name is trained on."""
    bucket = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 100
    if bucket < 10:
        return "test"
    return "validation" if bucket < 14 else "train"


def load_icons(package, cache):
    """The icon set's JSON, from `npm pack` (kept in the cache folder)."""
    prefix = package.split("@")[1].replace("/", "-") + "-" + package.split("@")[2]
    tarball = cache / f"{prefix}.tgz"
    if not tarball.exists():
        subprocess.run(["npm", "pack", "--silent", package], cwd=cache, check=True)
    with tarfile.open(tarball) as archive:
        return json.load(archive.extractfile("package/icons.json"))


def render(icons, icon):
    width = icon.get("width", icons.get("width", 16))
    height = icon.get("height", icons.get("height", 16))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{SIDE}" height="{SIDE}" viewBox="0 0 {width} {height}">{icon["body"]}</svg>'
    )
    png = resvg_py.svg_to_bytes(svg_string=svg)
    return np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGBA").resize((SIDE, SIDE)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "data")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    pictures, index = [], []
    for package, style in (PACKAGES | TRAINING_PACKAGES).values():
        # Only names that train already: another set may call a held-out emoji by another name.
        known = {row["name"] for row in index if row["split"] == "train"} if style not in STYLES else None
        icons = load_icons(package, out)
        for name, icon in sorted(icons["icons"].items()):
            if icon.get("hidden") or TONE.search(name):
                continue
            if known is not None and name.replace("-", " ") not in known:
                continue
            picture = render(icons, icon)
            if picture[..., 3].mean() < 4:
                continue  # an empty drawing teaches nothing
            pictures.append(picture)
            index.append({"name": name.replace("-", " "), "style": style, "split": split_of(name)})
    np.save(out / "pictures.npy", np.stack(pictures))
    (out / "index.json").write_text(json.dumps(index))
    counts = {split: sum(row["split"] == split for row in index) for split in ("train", "validation", "test")}
    print(f"{len(index)} pictures: {counts}")


if __name__ == "__main__":
    main()
