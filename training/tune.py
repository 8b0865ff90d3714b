"""Try settings on the validation pictures (never the held-out test ones), through diffusers."""

import argparse
import itertools

import numpy as np
import torch

from metrics import psnr, ssim
from pictures import EVALUATED, degrade, held_out
from reference import load_refiner, refine, through_vae


def summary(before, after):
    gain = np.array(after) - np.array(before)
    return f"PSNR {np.median(gain[:, 0]):+.2f} dB, SSIM {np.median([a[1] for a in after]):.3f}, better {np.mean(gain[:, 1] > 0):.0%}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--strengths", type=float, nargs="+", default=[0.2, 0.3, 0.4, 0.5])
    parser.add_argument("--guidances", type=float, nargs="+", default=[1.0, 1.5, 3.0, 5.0])
    parser.add_argument("--steps", type=int, nargs="+", default=[20])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    pipe = load_refiner()
    rows = list(held_out("validation"))
    rows = rows[:: max(1, len(rows) // arguments.count)]
    for kind in EVALUATED:
        faulty = [degrade(clean, kind, rng) for clean, _, rng in rows]
        before = [(psnr(f, clean), ssim(f, clean)) for f, (clean, _, _) in zip(faulty, rows)]
        print(f"{kind}: before psnr {np.median([b[0] for b in before]):.2f} ssim {np.median([b[1] for b in before]):.3f}")
        alone = [(psnr(d, clean), ssim(d, clean)) for d, (clean, _, _) in zip(through_vae(pipe, faulty), rows)]
        print("  VAE alone:", summary(before, alone))
        for strength, guidance, steps in itertools.product(arguments.strengths, arguments.guidances, arguments.steps):
            settings = {"strength": strength, "guidance_scale": guidance, "num_inference_steps": steps}
            refined = refine(pipe, faulty, [prompt for _, prompt, _ in rows], list(range(len(rows))), **settings)
            after = [(psnr(r, clean), ssim(r, clean)) for r, (clean, _, _) in zip(refined, rows)]
            print(f"  strength {strength} guidance {guidance} steps {steps}:", summary(before, after), f"; better than VAE alone {np.mean([a[1] > v[1] for a, v in zip(after, alone)]):.0%}", flush=True)


if __name__ == "__main__":
    main()
