"""Train a UNet with its text encoders on the stored latents: `refiner` or `base`.

Both predict epsilon. Write x = z + sigma * eps for the picture's latents z with noise; z has a standard deviation of 1
here and sigma is relative to that. The networks see both SCALE times as large (models.py says why).

refiner: SDEdit starts from the latents of a *faulty* picture, x = z_faulty + sigma1 * eps. Written against the clean
latents this is x = z_clean + sigma1 * (eps + fault / sigma1), so the fault is a part of the noise, and a step of Euler to
sigma scales it by sigma / sigma1 like the rest. Most pairs are built so, often at the timestep where strength 0.3 begins,
and the target is the whole noise. The other half of these pairs are where the network itself goes from there: x one Euler
step further, target the noise that still separates x from the clean latents. So later steps agree with the first one, and
the run ends near the mean of all clean pictures that the faulty one may come from, which has half the error of one of
them. In the second half of the run the results of such pairs are also decoded and compared with the picture itself, by
the autoencoder's loss. The rest of the batch is plain denoising of clean latents.

The error is weighed so that a fault seen through little noise does not outweigh all the rest.

The aesthetic score says how clean the target is: from 6 up it is the clean picture; below, a rising part of the fault
stays in the target, ((6 - score) / 5)^4: all of it at 1, 41 % at 2.

base: the usual objective on the whole schedule, clean latents only. Noise too small to be seen weighs less.
"""

import argparse
import random

import numpy as np
import torch
import torch.nn.functional as F

from loop import Loop
from models import SCALE, VAE_SCALE, build_base_unet, build_refiner_unet, build_scheduler, build_text_encoder, build_text_encoder_2, build_tokenizer, encode_text, load_vae
from muon import zero_branches
from pictures import DATA, SIDE, rows_of
from runs import RUNS
from tokenizer import encode
from train_vae import finishing_loss_of

EMPTY = 0.1  # share of empty prompts
BARE = 0.3  # share of prompts without their style
FAULT = 0.18  # usual size of a fault in the latents
FIRST = 281  # timestep at which strength 0.3 of 50 steps begins
LARGEST_FIRST = 400
DECODED = 1 / 8  # of the refiner's batch: decoded for the loss in pixels
PIXELS = 2  # weight of that loss
PIXELS_FROM = 0.4  # of the run: from here on there is a loss in pixels
LITTLE = 0.15  # of the base model's batch: timesteps below FIRST
SMALLEST_SEEN = 0.25  # noise below this weighs less for the base model


class Data:
    """All stored columns and prompts on the device, and batches of them."""

    def __init__(self, kind, device):
        self.device, self.kind = device, kind
        with np.load(DATA / "latents.npz") as stored:
            columns = {key: torch.from_numpy(stored[key]) for key in stored.files}
        self.clean, self.degraded = columns["clean"].to(device), columns["degraded"].to(device)
        self.row = columns["row"].long().to(device)
        sizes, crops = columns["size"].float(), columns["crop"].float()
        self.micro = torch.stack([sizes, sizes, crops[:, 0], crops[:, 1]], 1).to(device)
        tokenizer_2 = build_tokenizer(RUNS / f"tokenizers-{kind}" / "2", "!")
        self.vocabulary = len(tokenizer_2)
        self.ids_2 = self._prompts(tokenizer_2)
        if kind == "base":
            self.ids_1 = self._prompts(build_tokenizer(RUNS / f"tokenizers-{kind}" / "1", "<|endoftext|>"))
        alphas = build_scheduler().alphas_cumprod.double()
        self.sigmas = (((1 - alphas) / alphas).sqrt() / SCALE).float().to(device)

    def _prompts(self, tokenizer):
        """Token ids of each training picture's prompt with its style and without it (3 x pictures x 77, the last: empty)."""
        rows = rows_of("train")
        prompts = [[f"{row['name']}, {row['style']}" for row in rows], [row["name"] for row in rows], [""] * len(rows)]
        return torch.stack([encode(tokenizer, column) for column in prompts]).to(self.device)

    def batch(self, count):
        """(picked rows, token ids of either encoder, which prompts are empty)."""
        pick = torch.randint(len(self.row), (count,), device=self.device)
        chance = torch.rand(count, device=self.device)
        empty = chance < EMPTY
        column = torch.where(empty, 2, (chance < EMPTY + BARE).long())
        row = self.row[pick]
        return pick, self.ids_2[column, row], self.ids_1[column, row] if self.kind == "base" else None, empty

    def net_input(self, x, timestep):
        sigma = self.sigmas[timestep] * SCALE
        return x * (SCALE / (1 + sigma.square()).sqrt())[:, None, None, None]


def text_features(modules, ids, ids_1=None, empty=None):
    """(token states, pooled) as SDXL takes them: the last but one layer, the second's projection."""
    states, pooled = encode_text(modules["text_encoder_2"], ids)
    if ids_1 is not None:
        states = torch.cat([encode_text(modules["text_encoder"], ids_1)[0], states], -1)
        # force_zeros_for_empty_prompt: an empty prompt is zeros, not the encoding of "".
        states, pooled = states * ~empty[:, None, None], pooled * ~empty[:, None]
    return states, pooled


def noise_of(modules, data, x, timestep, features, time_ids):
    states, pooled = features
    condition = {"text_embeds": pooled, "time_ids": time_ids}
    return modules["unet"](data.net_input(x, timestep), timestep, states, added_cond_kwargs=condition, return_dict=False)[0].float()


def wide(values):
    return values[:, None, None, None]


def base_losses(modules, data, count):
    def losses():
        pick, ids, ids_1, empty = data.batch(count)
        clean = data.clean[pick]
        # Little noise is a quarter of the schedule and needs the least learning: so it gets a smaller part of the batch.
        kind, along = torch.rand(2, count, device=data.device)
        timestep = torch.where(kind < LITTLE, FIRST * along, FIRST + (1000 - FIRST) * along).long().clamp(max=999)
        sigma, noise = data.sigmas[timestep], torch.randn_like(clean)
        time_ids = torch.cat([data.micro[pick], torch.full((count, 2), float(SIDE), device=data.device)], 1)
        with torch.autocast(data.device, torch.bfloat16, cache_enabled=False):
            features = text_features(modules, ids, ids_1, empty)
            predicted = noise_of(modules, data, clean + wide(sigma) * noise, timestep, features, time_ids)
        weight = (sigma / SMALLEST_SEEN).square().clamp(max=1)
        error = (predicted - noise).square().mean((1, 2, 3))
        return torch.stack([(error * weight).mean(), error.mean()])

    return losses


def smoothed(latents):
    """A little out of focus, as unfinished pictures of a base model are."""
    return F.avg_pool2d(F.pad(latents, (1, 1, 1, 1), mode="replicate"), 3, 1)


def faults(data, clean, pick, whole):
    """What is wrong with each picture, in latents. The first `whole` have a fault of the pictures themselves."""
    count = len(clean)
    uniform = torch.rand(3, count, device=data.device)
    inner = (uniform[0] < 0.2) & (torch.arange(count, device=data.device) >= whole)
    kind, amount = wide(uniform[1]), wide(uniform[2])
    rough = (0.05 + 0.4 * amount) * torch.randn_like(clean)
    soft = 0.7 * amount * (smoothed(clean) - clean)
    none = torch.zeros_like(clean)
    unfinished = torch.where(kind < 0.4, rough, torch.where(kind < 0.75, soft, none))
    return torch.where(wide(inner), unfinished, data.degraded[pick] - clean)


def first_timesteps(count, device):
    kind, along = torch.rand(2, count, device=device)
    anywhere = 1 + (LARGEST_FIRST * along.square()).long()
    return torch.where(kind < 0.4, FIRST, torch.where(kind < 0.7, 1 + (FIRST * along).long(), anywhere))


def refiner_losses(modules, data, count, vae=None):
    """The losses of a batch; with the autoencoder also in pixels."""
    repaired, decoded = 3 * count // 8, int(DECODED * count)
    drawn = count - repaired  # the rest of the batch are steps further of the first pairs
    pictures = torch.from_numpy(np.load(DATA / "clean.npy", mmap_mode="c")) if vae else None
    if vae:
        pictures = pictures.to(data.device)

    def losses():
        device, sigmas = data.device, data.sigmas
        pick, ids, _, _ = data.batch(drawn)
        clean = data.clean[pick]
        fault = faults(data, clean, pick, decoded)
        place = torch.arange(drawn, device=device)
        uniform = torch.rand(4, drawn, device=device)
        low = (uniform[0] < 0.25) & (place >= decoded)
        score = torch.where(low, 6 - 5 * uniform[1].sqrt(), 6 + 1.5 * uniform[1])
        kept = wide(((6 - score).clamp(min=0) / 5).pow(4))
        target = clean + kept * fault
        restores = place < repaired
        timestep = torch.where(restores, first_timesteps(drawn, device), (500 * uniform[2]).long())
        sigma = sigmas[timestep]
        noise = torch.randn_like(clean) + wide(restores / sigma) * (1 - kept) * fault
        x = target + wide(sigma) * noise
        time_ids = torch.cat([data.micro[pick], score[:, None]], 1)
        with torch.autocast(device, torch.bfloat16, cache_enabled=False):
            features = text_features(modules, ids)
            predicted = noise_of(modules, data, x, timestep, features, time_ids)
        # Where the network goes from there, in one step.
        along = uniform[3, :repaired]
        further = torch.where(along < 0.3, (1 + 70 * along).long(), (timestep[:repaired] * along).long())
        further = torch.minimum(further, timestep[:repaired])
        x_2 = x[:repaired] - wide(sigma[:repaired] - sigmas[further]) * predicted[:repaired].detach()
        sigma_2 = sigmas[further]
        noise_2 = (x_2 - target[:repaired]) / wide(sigma_2)
        with torch.autocast(device, torch.bfloat16, cache_enabled=False):
            features = tuple(part[:repaired] for part in features)
            predicted_2 = noise_of(modules, data, x_2, further, features, time_ids[:repaired])
        variance = torch.cat([sigma, sigma_2]).square()
        restores = torch.cat([restores, restores[:repaired]])
        weight = torch.where(restores, variance / (variance + FAULT**2), (variance / 0.04**2).clamp(max=1))
        error = torch.cat([predicted - noise, predicted_2 - noise_2]).square().mean((1, 2, 3)) * weight
        total = error.mean()
        parts = [error[:repaired].mean(), error[repaired:drawn].mean(), error[drawn:].mean()]
        if vae:
            mended = (x_2 - wide(sigma_2) * predicted_2)[:decoded] / VAE_SCALE
            with torch.autocast(device, torch.bfloat16, cache_enabled=False):
                result = vae.decode(mended, return_dict=False)[0].float()
            picture = pictures[pick[:decoded]].permute(0, 3, 1, 2).float().div(127.5).sub(1)
            pixels = finishing_loss_of(result, picture)
            total = total + PIXELS * pixels
            parts.append(pixels)
        return torch.stack([total, *[part.detach() for part in parts]])

    return losses


def build(kind, vocabulary):
    modules = {"unet": build_refiner_unet() if kind == "refiner" else build_base_unet()}
    modules["text_encoder_2"] = build_text_encoder_2(vocabulary)
    if kind == "base":
        modules["text_encoder"] = build_text_encoder(vocabulary)
    return modules


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("refiner", "base"))
    parser.add_argument("--seconds", type=float, default=5400, help="of training, in all sittings together")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--batch", type=int, default=0, help="default: 256 on cuda, 48 on a CPU")
    parser.add_argument("--save-every", type=float, default=60, help="seconds")
    parser.add_argument("--threads", type=int, default=1, help="on a CPU; on a busy one, more make it slower")
    parser.add_argument("--eager", action="store_true", help="without CUDA graphs")
    arguments = parser.parse_args()
    kind, device = arguments.kind, arguments.device
    count = arguments.batch or (256 if device == "cuda" else 48)
    seed = random.SystemRandom().randrange(2**31)  # another one for each sitting
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    if device == "cuda":
        torch.backends.cudnn.benchmark, torch.backends.cudnn.benchmark_limit = True, 4
        torch.backends.cuda.enable_cudnn_sdp(False)  # the other kernels for attention are known to work in a CUDA graph
        print(f"{kind}: {torch.cuda.get_device_name()}, torch {torch.__version__}", flush=True)
    data = Data(kind, device)
    modules = build(kind, data.vocabulary)
    for module in modules.values():
        zero_branches(module)
        module.train().to(device)
    loop = Loop(kind, modules, device, arguments.seconds, save_every=arguments.save_every)
    torch.manual_seed(seed)
    if kind == "base":
        loop.run({"latents": base_losses(modules, data, count)}, lambda progress: "latents")
    else:
        phases = {"latents": refiner_losses(modules, data, count)}
        phases["pixels"] = refiner_losses(modules, data, count, load_vae().to(device))
        loop.run(phases, lambda progress: "pixels" if progress > PIXELS_FROM else "latents")


if __name__ == "__main__":
    main()
