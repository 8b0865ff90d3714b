"""Encode the training pictures once: the UNets then train on stored latents.

Writes training/data/latents.npz with, per version of a picture: `clean` and `degraded` (4 x 16 x 16, of unit standard
deviation), `row` (index of the training picture), `size` (original size) and `crop` (top, left); and
training/data/clean.npy, the clean pictures themselves, for the refiner's loss in pixels.
"""

import argparse
import multiprocessing
import time

import numpy as np
import torch

from models import VAE_SCALE, load_vae
from pictures import DATA, SIDE, compose, degrade, degrade_randomly, load

CHUNK = 64


def version(rgba, rng):
    """(picture, original size, crop top and left), so that the micro-conditioning means something."""
    kind = rng.random()
    if kind < 0.1:  # a crop of a larger picture
        side = int(rng.integers(SIDE + 8, 177))
        top, left = rng.integers(0, side - SIDE + 1, 2)
        return compose(rgba, rng, side)[top : top + SIDE, left : left + SIDE], side, (top, left)
    picture = compose(rgba, rng)
    if kind < 0.2:  # a small original, enlarged
        side = int(rng.integers(48, 113))
        return degrade(picture, "lowres", rng, factor=SIDE / side), side, (0, 0)
    return picture, SIDE, (0, 0)


def made(job):
    """Clean and faulty pictures of some training pictures, with size and crop."""
    seed, rows = job
    torch.set_num_threads(1)
    rng = np.random.default_rng([8, seed])
    versions = [version(PICTURES[i], rng) for i in rows]
    clean = np.stack([picture for picture, _, _ in versions])
    faulty = np.stack([degrade_randomly(picture, rng) for picture in clean])
    return rows, clean, faulty, [size for _, size, _ in versions], [crop for _, _, crop in versions]


@torch.no_grad()
def encode(vae, pictures, device):
    x = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous()
    with torch.autocast(device, torch.bfloat16):
        mean = vae.encode(x).latent_dist.mean
    return mean.float().mul(VAE_SCALE).cpu().numpy()


def main():
    global PICTURES
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=6, help="of each picture")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--count", type=int, default=0, help="training pictures, for a trial; 0: all")
    arguments = parser.parse_args()
    started = time.monotonic()
    PICTURES, _ = load("train")
    order = np.tile(np.arange(arguments.count or len(PICTURES)), arguments.versions)
    jobs = [(n, order[start : start + CHUNK]) for n, start in enumerate(range(0, len(order), CHUNK))]
    columns = {key: [] for key in ("clean", "degraded", "row", "size", "crop")}
    kept = np.lib.format.open_memmap(DATA / "clean.npy", "w+", np.uint8, (len(order), SIDE, SIDE, 3))
    # Forked before the first use of CUDA, so that each process sees the pictures without a copy.
    with multiprocessing.get_context("fork").Pool() as pool:
        parts = pool.imap(made, jobs)
        vae = load_vae().to(arguments.device)
        for n, (rows, clean, faulty, sizes, crops) in enumerate(parts):
            kept[n * CHUNK : n * CHUNK + len(rows)] = clean
            columns["clean"].append(encode(vae, clean, arguments.device))
            columns["degraded"].append(encode(vae, faulty, arguments.device))
            columns["row"].append(rows)
            columns["size"].append(sizes)
            columns["crop"].append(crops)
            if n % 100 == 0:
                print(f"{n * CHUNK} of {len(order)}, {time.monotonic() - started:.0f} s", flush=True)
    np.savez(DATA / "latents.npz", **{key: np.concatenate(parts) for key, parts in columns.items()})
    print(f"{len(order)} pictures in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
