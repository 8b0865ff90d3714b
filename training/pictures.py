"""Compose emoji on backgrounds, and degrade them: the one source of every picture here."""

import colorsys
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

DATA = Path(__file__).parent / "data"
SIDE = 128
# The ways a picture is broken in evaluation. "lowres" is enlarged again smoothly (bicubic),
# "pixelated" by repeating pixels.
NOISE_SIGMA, JPEG_QUALITY, BLUR_RADIUS, DOWNSAMPLING = 40, 10, 2.5, 3
EVALUATED = ("noise", "jpeg", "blur", "lowres", "pixelated")
STYLES = ("3d", "flat", "noto", "twemoji", "blob", "emojitwo")


def rows_of(split):
    """Name, style and split of each picture of one split."""
    return [row for row in json.loads((DATA / "index.json").read_text()) if row["split"] == split]


def load(split):
    """(pictures N x 128 x 128 x 4 uint8, rows of {name, style}) of one split."""
    rows = json.loads((DATA / "index.json").read_text())
    keep = [i for i, row in enumerate(rows) if row["split"] == split]
    return np.load(DATA / "pictures.npy", mmap_mode="r")[keep], [rows[i] for i in keep]


def random_colour(rng):
    """Pale, grey and saturated colours, so that no background is unknown to the models."""
    kind = rng.integers(4)
    hue, full = rng.random(), rng.random()
    saturation = (0, 0.25 * full, full, 0.4 + 0.6 * full)[kind]
    value = (full, 0.85 + 0.15 * rng.random(), 0.3 + 0.7 * rng.random(), 0.6 + 0.4 * rng.random())[kind]
    return np.array(colorsys.hsv_to_rgb(hue, saturation, value), np.float32) * 255


def background(rng, side=SIDE):
    """A plain colour, a linear or a radial gradient: side x side x 3 float32 in 0..255."""
    kind = rng.integers(3)
    first, second = random_colour(rng), random_colour(rng)
    if kind == 0:
        return np.broadcast_to(first, (side, side, 3))
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / (side - 1) - 0.5
    if kind == 1:
        angle = rng.random() * 2 * np.pi
        ramp = x * np.cos(angle) + y * np.sin(angle)
    else:
        ramp = np.hypot(x - rng.uniform(-0.4, 0.4), y - rng.uniform(-0.4, 0.4))
    ramp = (ramp - ramp.min()) / (ramp.max() - ramp.min())
    return first + ramp[..., None] * (second - first)


def compose(rgba, rng, side=SIDE):
    """The emoji, 60 to 94 % wide, somewhere on a background: side x side x 3 uint8."""
    size = int(rng.integers(round(0.6 * side), round(0.94 * side) + 1))
    # PIL weighs the colours by alpha when it resizes RGBA.
    icon = np.asarray(Image.fromarray(rgba).resize((size, size), Image.BICUBIC), np.float32)
    picture = np.array(background(rng, side))
    top, left = rng.integers(0, side - size + 1, 2)
    alpha = icon[..., 3:] / 255
    region = picture[top : top + size, left : left + size]
    region[:] = region * (1 - alpha) + icon[..., :3] * alpha
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def degrade(picture, kind, rng, noise=NOISE_SIGMA, quality=JPEG_QUALITY, radius=BLUR_RADIUS, factor=DOWNSAMPLING):
    """The picture with one fault: 128 x 128 x 3 uint8."""
    image = Image.fromarray(picture)
    if kind == "noise":
        noisy = picture + rng.normal(0, noise, picture.shape)
        return np.clip(np.round(noisy), 0, 255).astype(np.uint8)
    if kind == "jpeg":
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        return np.asarray(Image.open(buffer).convert("RGB"))
    if kind == "blur":
        return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)))
    if kind in ("lowres", "pixelated"):
        small = round(SIDE / factor)
        enlarge = Image.BICUBIC if kind == "lowres" else Image.NEAREST
        return np.asarray(image.resize((small, small), Image.BOX).resize((SIDE, SIDE), enlarge))
    raise ValueError(f"unknown degradation {kind}")


def degrade_randomly(picture, rng):
    """A fault of random kind, its strength spread around the evaluated one, for training."""
    kind, amount = EVALUATED[rng.integers(len(EVALUATED))], rng.random()
    faults = {
        "noise": {"noise": 10 + 50 * amount},
        "jpeg": {"quality": round(30 - 25 * amount)},
        "blur": {"radius": 0.8 + 2.7 * amount},
        "lowres": {"factor": 1.5 + 2.5 * amount},
        "pixelated": {"factor": 1.5 + 2.5 * amount},
    }
    return degrade(picture, kind, rng, **faults[kind])


def prompt_of(row):
    return f"{row['name']}, {row['style']}"


def held_out(split):
    """Yields (clean picture, prompt, rng) of a split: the same pictures at every call."""
    pictures, rows = load(split)
    for i, (rgba, row) in enumerate(zip(pictures, rows)):
        rng = np.random.default_rng([7, i])
        yield compose(rgba, rng), prompt_of(row), rng
