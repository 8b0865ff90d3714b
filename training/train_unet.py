"""Train a UNet with its text encoders on the stored latents: `refiner` or `base`.

Both predict epsilon. Write x = z + sigma * eps for the picture's latents z with noise.

refiner: timesteps 0 to 500 of 1000. SDEdit starts from the latents of a *faulty* picture,
x = z_faulty + sigma1 * eps. Written against the clean latents this is
x = z_clean + sigma1 * (eps + fault / sigma1), so the fault is a part of the noise, and a step
of Euler to sigma scales it by sigma / sigma1 like the rest. Most training pairs are built so,
and the target is the whole noise, eps + fault / sigma1. The rest is plain denoising of clean
latents. A fault moves these latents by 0.05 to 0.2, and noise far above that hides it together
with the picture: so sigma1 is small, for half of the pairs the smallest (0.04, timestep 1).
The error is weighed so that a fault seen through little noise does not outweigh all the rest.

The aesthetic score says how clean the target is: from 6 up it is the clean picture; below, a
rising part of the fault stays in the target, ((6 - score) / 5)^4: all of it at 1, 41 % at 2.

`--finish` goes on from the first run's weights, on latents of the finished autoencoder. In its
last two thirds the refiner's one-step results at timestep 1 are also decoded and compared with the
pictures themselves, by the autoencoder's loss.

base: the usual objective on the whole schedule, clean latents only.
"""

import argparse

import numpy as np
import torch
import torch.nn.functional as F

from models import build_base_unet, build_refiner_unet, build_scheduler, build_text_encoder, build_text_encoder_2, build_tokenizer
from muon import optimizers, zero_branches
from pictures import DATA, SIDE, load
from runs import PROCESSES, RUNS, Run, averaged, launch
from tokenizer import encode
from train_vae import build_vae, finishing_loss_of, to_tensor

BATCH = 24
EMPTY = 0.1  # share of empty prompts
FAULT = 0.1  # usual size of a fault in the latents
AT_ONCE = 10  # of a batch: pairs at timestep 1 with a clean target, as the product mends pictures
DECODED = 6  # of these: decoded for the loss in pixels
PIXELS = 3  # weight of that loss


def load_latents(finish):
    """All stored columns as tensors, latents scaled to unit variance, and the scaling factor."""
    prefix = "finished-" if finish else ""
    shards = [np.load(DATA / f"{prefix}latents-{rank}.npz") for rank in range(PROCESSES)]
    columns = {key: torch.from_numpy(np.concatenate([shard[key] for shard in shards])) for key in shards[0].files}
    scaling_factor = round(1 / columns["clean"].std().item(), 5)
    for key in ("clean", "degraded"):
        columns[key] = columns[key] * scaling_factor
    return columns, scaling_factor


def build_prompts(tokenizer):
    """Token ids of each training picture's prompt with its style, without it, and of ''."""
    _, rows = load("train")
    styled = encode(tokenizer, [f"{row['name']}, {row['style']}" for row in rows])
    plain = encode(tokenizer, [row["name"] for row in rows])
    return styled, plain, encode(tokenizer, [""])[0]


def text_features(modules, ids, ids_1=None, empty=None):
    """(token states, pooled) as SDXL takes them: the last but one layer, the second's projection."""
    second = modules["text_encoder_2"](ids, output_hidden_states=True)
    states, pooled = second.hidden_states[-2], second.text_embeds
    if ids_1 is not None:
        first = modules["text_encoder"](ids_1, output_hidden_states=True).hidden_states[-2]
        states = torch.cat([first, states], -1)
        # force_zeros_for_empty_prompt: an empty prompt is zeros, not the encoding of "".
        states, pooled = states * ~empty[:, None, None], pooled * ~empty[:, None]
    return states, pooled


def between(low, high, count):
    return low + (high - low) * torch.rand(count)


def refiner_pairs(clean, degraded, sigmas):
    """(x, noise to predict, timestep, score, weight of the error) of one batch, by the rules above."""
    count = len(clean)
    fault = degraded - clean
    # A part of the faults is noise in the latents, as unfinished pictures of a base model have.
    at_once = torch.arange(count) < AT_ONCE
    in_latents = (torch.rand(count) < 0.15) & ~at_once
    amount = between(0.1, 0.6, count)
    fault = torch.where(in_latents[:, None, None, None], amount[:, None, None, None] * torch.randn_like(clean), fault)
    low = (torch.rand(count) < 0.35) & ~at_once
    score = torch.where(low, 6 - 5 * torch.rand(count).sqrt(), between(6, 7.5, count))
    kept = ((6 - score).clamp(min=0) / 5).pow(4)[:, None, None, None]
    target = clean + kept * fault
    restores = at_once | (torch.rand(count) < 0.75)
    start = torch.where(torch.rand(count) < 0.3, 1, (1 + 400 * torch.rand(count) ** 2).long())
    start = torch.where(at_once, 1, start)
    along = torch.where(at_once | (torch.rand(count) < 0.5), start, (start * torch.rand(count)).long())
    timestep = torch.where(restores, along, torch.randint(0, 500, (count,)))
    noise = torch.randn_like(clean)
    noise = noise + (restores / sigmas[start])[:, None, None, None] * (1 - kept) * fault
    variance = sigmas[start].square()
    weight = torch.where(restores, variance / (variance + torch.where(in_latents, amount, FAULT).square()), 1)
    return target + sigmas[timestep][:, None, None, None] * noise, noise, timestep, score, weight


def pictures_of(shards, picks):
    """The clean pictures of some stored latents, which are numbered through the shards."""
    first = len(shards[0])
    return np.stack([shards[0][i] if i < first else shards[1][i - first] for i in picks.tolist()])


def main(rank, kind, minutes, finish):
    folder = RUNS / f"tokenizers-{rank}"
    tokenizer_2 = build_tokenizer(folder / "2", "!")
    styled, plain, empty_ids = build_prompts(tokenizer_2)
    modules = {"unet": build_refiner_unet() if kind == "refiner" else build_base_unet()}
    modules["text_encoder_2"] = build_text_encoder_2(len(tokenizer_2))
    if kind == "base":
        modules["text_encoder"] = build_text_encoder(len(tokenizer_2))
        styled_1, plain_1, empty_ids_1 = build_prompts(build_tokenizer(folder / "1", "<|endoftext|>"))
    for module in modules.values():
        zero_branches(module)
    if finish:
        averaged(kind, modules)
        for module in modules.values():
            module.train().requires_grad_(True)
    choices = optimizers(modules, lambda name: "embed" in name or "conv_in" in name or "conv_out" in name)
    run = Run(rank, f"{kind}-finished" if finish else kind, modules, choices, minutes, rate=0.7 if finish else 1)
    columns, scaling_factor = load_latents(finish)
    if kind == "refiner" and finish:
        vae = build_vae()
        averaged("vae-finished", {"vae": vae})
        pictures = [np.load(DATA / f"finished-pictures-{rank}.npy", mmap_mode="r") for rank in range(PROCESSES)]
    alphas = build_scheduler().alphas_cumprod
    sigmas = ((1 - alphas) / alphas).sqrt()
    torch.manual_seed(1000 * rank + run.step + (500_000 if finish else 1))
    recent = []
    while run.running():
        pick = torch.randint(0, len(columns["row"]), (BATCH,))
        clean, row = columns["clean"][pick], columns["row"][pick]
        empty, bare = torch.rand(BATCH) < EMPTY, (torch.rand(BATCH) < 0.3)[:, None]
        ids = torch.where(empty[:, None], empty_ids, torch.where(bare, plain[row], styled[row]))
        size, crop = columns["size"][pick, None].expand(-1, 2), columns["crop"][pick]
        if kind == "refiner":
            x, noise, timestep, score, weight = refiner_pairs(clean, columns["degraded"][pick], sigmas)
            time_ids, extra = torch.cat([size, crop, score[:, None]], 1), ()
        else:
            timestep, noise = torch.randint(0, 1000, (BATCH,)), torch.randn_like(clean)
            x, weight = clean + sigmas[timestep][:, None, None, None] * noise, torch.ones(BATCH)
            time_ids = torch.cat([size, crop, torch.full((BATCH, 2), SIDE)], 1).float()
            ids_1 = torch.where(empty[:, None], empty_ids_1, torch.where(bare, plain_1[row], styled_1[row]))
            extra = (ids_1, empty)
        scaled = x / (1 + sigmas[timestep] ** 2).sqrt()[:, None, None, None]
        with torch.autocast("cpu", torch.bfloat16):
            states, pooled = text_features(modules, ids, *extra)
            condition = {"text_embeds": pooled, "time_ids": time_ids}
            predicted = modules["unet"](scaled, timestep, states, added_cond_kwargs=condition).sample.float()
        loss = ((predicted - noise).square().mean((1, 2, 3)) * weight).mean()
        recent.append(loss.item())
        if kind == "refiner" and finish and run.progress > 0.35:
            mended = (x - sigmas[1] * predicted)[:DECODED] / scaling_factor
            with torch.autocast("cpu", torch.bfloat16):
                decoded = vae.decode(mended).sample.float()
            loss = loss + PIXELS * finishing_loss_of(decoded, to_tensor(pictures_of(pictures, pick[:DECODED])))
        run.update(loss)
        if rank == 0 and run.step % 100 == 0:
            print(f"step {run.step} {run.elapsed:.0f}s loss {np.mean(recent):.4f}", flush=True)
            recent.clear()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("refiner", "base"))
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--finish", action="store_true", help="the second run, from the first one's weights")
    arguments = parser.parse_args()
    launch(main, arguments.kind, arguments.minutes, arguments.finish)
