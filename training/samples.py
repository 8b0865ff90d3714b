"""A first look at what train_unet.py has learnt: pictures of both models, and how well the refiner mends.

Writes runs/samples-base.png (a column a prompt of the training; rows: guidance 1, 3, 5) and runs/samples-refiner.png (rows: clean, faulty,
refined), and prints medians over validation pictures. A sampler of its own, Euler as the folders say; evaluate.py is the measurement.
"""

import argparse

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from models import VAE_SCALE, build_tokenizer, load_vae
from pictures import SIDE, degrade, held_out, rows_of
from runs import RUNS
from tokenizer import encode
from train_unet import Data, build, noise_of, text_features
from train_vae import gaussian_ssim, to_tensor

STEPS, STRENGTH = 50, 0.3
FAULTS = ("noise", "jpeg", "blur")


def load_modules(kind, data):
    modules, weights = build(kind, data.vocabulary), load_file(RUNS / f"{kind}.safetensors")
    for name, module in modules.items():
        part = {key.removeprefix(f"{name}."): value.float() for key, value in weights.items() if key.startswith(f"{name}.")}
        module.load_state_dict(part)
        module.eval().requires_grad_(False).to(data.device)
    return modules


def features_of(kind, modules, prompts, device):
    ids = encode(build_tokenizer(RUNS / "tokenizers-samples" / "2", "!"), prompts).to(device)
    if kind == "refiner":
        return text_features(modules, ids)
    ids_1 = encode(build_tokenizer(RUNS / "tokenizers-samples" / "1", "<|endoftext|>"), prompts).to(device)
    return text_features(modules, ids, ids_1, torch.tensor([prompt == "" for prompt in prompts], device=device))


@torch.no_grad()
def sample(kind, modules, data, x, prompts, guidance, timesteps):
    """Euler from x, which has the noise of the first timestep."""
    sigmas = [*data.sigmas[timesteps].tolist(), 0.0]
    extra = [6.0] if kind == "refiner" else [SIDE, SIDE]
    ids = torch.tensor([[SIDE, SIDE, 0, 0, *extra]], device=data.device, dtype=torch.float).expand(len(x), -1)
    right, empty = features_of(kind, modules, prompts, data.device), features_of(kind, modules, [""] * len(x), data.device)
    worse = ids.clone()
    if kind == "refiner":
        worse[:, 4] = 2.5
    for i, t in enumerate(timesteps):
        timestep = torch.full((len(x),), t, device=data.device)
        noise = noise_of(modules, data, x, timestep, right, ids)
        if guidance != 1:
            other = noise_of(modules, data, x, timestep, empty, worse)
            noise = other + guidance * (noise - other)
        x = x + (sigmas[i + 1] - sigmas[i]) * noise
    return x


def to_pictures(decoded):
    return decoded.clamp(-1, 1).add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def timesteps_of(strength=1):
    return [1 + i * (1000 // STEPS) for i in range(int(STEPS * strength))][::-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--count", type=int, default=64, help="validation pictures")
    arguments = parser.parse_args()
    device = arguments.device
    torch.set_num_threads(1)
    torch.manual_seed(1)
    vae = load_vae().to(device)
    decode = lambda z: vae.decode(z / VAE_SCALE, return_dict=False)[0]

    if (RUNS / "base.safetensors").exists():
        data = Data("base", device)
        modules = load_modules("base", data)
        rows = rows_of("train")
        names = sorted({row["name"] for row in rows if row["style"] == "3d"})
        prompts = [f"{name}, {style}" for name, style in zip(names[20 :: len(names) // 15], ["3d", "flat", "noto", "3d"] * 5)][:16]
        timesteps = timesteps_of()
        start = torch.randn(len(prompts), 4, 16, 16, device=device) * data.sigmas[timesteps[0]]
        sheet = [np.concatenate(to_pictures(decode(sample("base", modules, data, start, prompts, g, timesteps))), 1) for g in (1, 3, 5)]
        Image.fromarray(np.concatenate(sheet)).save(RUNS / "samples-base.png")
        print("samples-base.png:", "; ".join(prompts), flush=True)

    if (RUNS / "refiner.safetensors").exists():
        data = Data("refiner", device)
        modules = load_modules("refiner", data)
        cases = list(held_out("validation"))
        cases = cases[:: max(1, len(cases) // arguments.count)]
        clean = to_tensor(np.stack([picture for picture, _, _ in cases])).to(device)
        timesteps, columns = timesteps_of(STRENGTH), []
        for fault in FAULTS:
            faulty = to_tensor(np.stack([degrade(picture, fault, rng) for picture, _, rng in cases])).to(device)
            with torch.no_grad():
                latents = vae.encode(faulty).latent_dist.mean * VAE_SCALE
            before, results = gaussian_ssim(faulty, clean), {"VAE alone": decode(latents)}
            for guidance in (1, 2):
                x = latents + data.sigmas[timesteps[0]] * torch.randn_like(latents)
                mended = sample("refiner", modules, data, x, [prompt for _, prompt, _ in cases], guidance, timesteps)
                results[f"strength {STRENGTH} guidance {guidance}"] = decode(mended)
            print(f"{fault}: before {before.median():.3f}", flush=True)
            for name, result in results.items():
                after = gaussian_ssim(result.clamp(-1, 1), clean)
                print(f"  {name}: SSIM {after.median():.3f}, better {(after > before).float().mean():.0%}", flush=True)
            shown = results[f"strength {STRENGTH} guidance 1"]
            columns += [np.concatenate([to_pictures(x[i : i + 1])[0] for x in (clean, faulty, shown)]) for i in range(0, len(cases), -(-len(cases) // 5))]
        Image.fromarray(np.concatenate(columns, 1)).save(RUNS / "samples-refiner.png")


if __name__ == "__main__":
    main()
