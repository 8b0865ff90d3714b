"""Does the prompt tell the networks anything? Denoising error with the right and a wrong prompt.

The same latents and noise for both prompts, several timesteps; the paired difference of the
squared error in epsilon, with a 95 % bootstrap interval over pictures. Held-out names, whose
words the text encoders have mostly not met, and drawings of the training on other backgrounds.
A positive difference means that the right prompt helps. Goes straight to the networks, since
the effect on finished pictures drowns in the noise of sampling.
"""

import numpy as np
import torch

from metrics import interval
from models import build_scheduler
from pictures import SIDE, held_out
from reference import load_base, load_refiner

TIMESTEPS = {"refiner": (50, 150, 250, 350), "base": (200, 400, 600, 800)}


@torch.no_grad()
def errors(pipe, kind, cases, prompts):
    """Mean squared epsilon error of each picture, averaged over the timesteps."""
    alphas = build_scheduler().alphas_cumprod
    result = []
    for start in range(0, len(cases), 16):
        part = slice(start, start + 16)
        pictures = np.stack([clean for clean, _, _ in cases[part]])
        x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
        clean = pipe.vae.encode(x).latent_dist.mode() * pipe.vae.config.scaling_factor
        states, _, pooled, _ = pipe.encode_prompt(list(prompts[part]), do_classifier_free_guidance=False)
        last = [6.0] if kind == "refiner" else [SIDE, SIDE]
        time_ids = torch.tensor([[SIDE, SIDE, 0, 0, *last]]).float().repeat(len(clean), 1)
        condition = {"text_embeds": pooled, "time_ids": time_ids}
        total = 0
        for t in TIMESTEPS[kind]:
            noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(1000 * start + t))
            noisy = alphas[t].sqrt() * clean + (1 - alphas[t]).sqrt() * noise
            predicted = pipe.unet(noisy, torch.full((len(clean),), t), states, added_cond_kwargs=condition).sample
            total = total + (predicted - noise).square().mean((1, 2, 3))
        result += (total / len(TIMESTEPS[kind])).tolist()
    return np.array(result)


def main():
    torch.set_num_threads(1)
    sets = {"held-out names": list(held_out("test")), "names of the training": list(held_out("train"))[::9]}
    print("| model | pictures | error, right prompt | wrong minus right (95 % interval) | empty minus right (95 % interval) |\n|---|---|---|---|---|")
    for kind, pipe in (("refiner", load_refiner()), ("base", load_base())):
        for name, cases in sets.items():
            right = [prompt for _, prompt, _ in cases]
            half = len(right) // 2
            base = errors(pipe, kind, cases, right)
            cells = [f"{base.mean():.4f}"]
            for other in (right[half:] + right[:half], [""] * len(right)):
                mean, low, high = interval(errors(pipe, kind, cases, other) - base)
                cells.append(f"{mean:+.5f} ({low:+.5f} to {high:+.5f})")
            print(f"| emoji-{kind} | {len(cases)}, {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
