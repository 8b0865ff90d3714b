"""Encode the training pictures once: the UNets then train on stored latents.

Writes training/data/latents-<process>.npz with, per version of a picture: `clean` and
`degraded` (4 x 16 x 16, unscaled means), `row` (index of the training picture), `size`
(original size) and `crop` (top, left). With `--finish` the finished autoencoder encodes, the
file is finished-latents-<process>.npz, and finished-pictures-<process>.npy holds the clean
pictures themselves, for the refiner's loss in pixels.
"""

import argparse

import numpy as np
import torch

from pictures import DATA, SIDE, compose, degrade, degrade_randomly, load
from runs import PROCESSES, averaged, launch
from train_vae import build_vae, to_tensor


def version(rgba, rng):
    """(picture, original size, crop top and left), so that the micro-conditioning means something."""
    kind = rng.random()
    if kind < 0.15:  # a crop of a larger picture
        side = int(rng.integers(SIDE + 8, 177))
        top, left = rng.integers(0, side - SIDE + 1, 2)
        return compose(rgba, rng, side)[top : top + SIDE, left : left + SIDE], side, (top, left)
    picture = compose(rgba, rng)
    if kind < 0.25:  # a small original, enlarged
        side = int(rng.integers(48, 113))
        return degrade(picture, "lowres", rng, factor=SIDE / side), side, (0, 0)
    return picture, SIDE, (0, 0)


@torch.no_grad()
def encode(vae, pictures):
    with torch.autocast("cpu", torch.bfloat16):
        return vae.encode(to_tensor(np.stack(pictures))).latent_dist.mean.float().numpy()


def main(rank, versions, finish):
    vae = build_vae()
    averaged("vae-finished" if finish else "vae", {"vae": vae})
    pictures, _ = load("train")
    rng = np.random.default_rng([6 if finish else 2, rank])
    columns = {key: [] for key in ("clean", "degraded", "row", "size", "crop")}
    jobs = [i for _ in range(versions) for i in range(rank, len(pictures), PROCESSES)]
    prefix = "finished-" if finish else ""
    if finish:
        kept = np.lib.format.open_memmap(DATA / f"{prefix}pictures-{rank}.npy", "w+", np.uint8, (len(jobs), SIDE, SIDE, 3))
    for start in range(0, len(jobs), 16):
        rows = jobs[start : start + 16]
        made = [version(pictures[i], rng) for i in rows]
        clean = [picture for picture, _, _ in made]
        if finish:
            kept[start : start + 16] = clean
        columns["clean"].append(encode(vae, clean))
        columns["degraded"].append(encode(vae, [degrade_randomly(picture, rng) for picture in clean]))
        columns["row"].append(rows)
        columns["size"].append([size for _, size, _ in made])
        columns["crop"].append([crop for _, _, crop in made])
        if rank == 0 and start % 1600 == 0:
            print(f"{start} of {len(jobs)}", flush=True)
    np.savez(DATA / f"{prefix}latents-{rank}.npz", **{key: np.concatenate(parts) for key, parts in columns.items()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=3, help="of each picture")
    parser.add_argument("--finish", action="store_true", help="with the finished autoencoder")
    arguments = parser.parse_args()
    launch(main, arguments.versions, arguments.finish)
