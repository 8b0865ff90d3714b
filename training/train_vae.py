"""Train the autoencoder both models share: 128 px pictures to 16 x 16 x 4 latents and back."""

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

from muon import optimizers, zero_branches
from pictures import SIDE, compose, held_out, load
from runs import Run, launch

# Narrow where the picture is large: each level then costs about the same time.
CHANNELS = (16, 32, 64, 128)
KL_WEIGHT = 1e-4
LATENT_NOISE = 0.15  # at most, in standard deviations of the latents
EDGES = ("conv_in.weight", "conv_out.weight", "quant_conv.weight")


def build_vae():
    levels = len(CHANNELS)
    return AutoencoderKL(
        down_block_types=["DownEncoderBlock2D"] * levels,
        up_block_types=["UpDecoderBlock2D"] * levels,
        block_out_channels=CHANNELS,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=SIDE,
    )


def to_tensor(pictures):
    """uint8 N x H x W x 3 to float N x 3 x H x W in -1..1."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous()


def ssim(a, b):
    """Mean structural similarity with an 8 px box window, for values in -1..1."""
    pool = lambda x: F.avg_pool2d(x, 8, 2)
    ma, mb = pool(a), pool(b)
    va, vb, cov = pool(a * a) - ma * ma, pool(b * b) - mb * mb, pool(a * b) - ma * mb
    c1, c2 = 0.02**2, 0.06**2
    return ((2 * ma * mb + c1) * (2 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2))).mean()


def loss_of(decoded, target):
    """Absolute and squared error, and structure: flat areas must stay flat."""
    return F.l1_loss(decoded, target) + 4 * F.mse_loss(decoded, target) + 0.5 * (1 - ssim(decoded, target))


@torch.no_grad()
def psnr(vae, pictures):
    """Median over the pictures of the decoded encoding's PSNR, in dB."""
    values = []
    for start in range(0, len(pictures), 8):
        x = to_tensor(pictures[start : start + 8])
        with torch.autocast("cpu", torch.bfloat16):
            y = vae.decode(vae.encode(x).latent_dist.mean).sample.float().clamp(-1, 1)
        values += (10 * torch.log10(4 / (x - y).square().mean((1, 2, 3)))).tolist()
    return float(np.median(values))


def main(rank, minutes):
    pictures, _ = load("train")
    validation = np.stack([clean for clean, _, _ in held_out("validation")])[::4]
    vae = build_vae()
    zero_branches(vae)
    modules = {"vae": vae}
    run = Run(rank, "vae", modules, optimizers(modules, lambda name: name.endswith(EDGES)), minutes)
    torch.manual_seed(rank)
    rng = np.random.default_rng([1, rank, run.step])
    while run.running():
        # Crops first: more different pictures in the same time. Whole pictures later, since
        # group norms and the attention see the whole picture when the model is used.
        count, side = (8, 64) if run.progress < 0.7 else (2, SIDE)
        crops = []
        for i in rng.integers(0, len(pictures), count):
            top, left = rng.integers(0, SIDE - side + 1, 2)
            crop = compose(pictures[i], rng)[top : top + side, left : left + side]
            crops.append(crop[:, ::-1] if rng.random() < 0.5 else crop)
        x = to_tensor(np.stack(crops))
        with torch.autocast("cpu", torch.bfloat16):
            posterior = vae.encode(x).latent_dist
            latents = posterior.sample()
            # Latents from a UNet are never exact: the decoder must bear some noise in them.
            amount = LATENT_NOISE * torch.rand(count, 1, 1, 1) * latents.detach().std()
            decoded = vae.decode(latents + amount * torch.randn_like(latents)).sample
        loss = loss_of(decoded.float(), x) + KL_WEIGHT * posterior.kl().mean() / posterior.mean[0].numel()
        run.update(loss)
        if rank == 0 and run.step % 100 == 0:
            line = f"step {run.step} {run.elapsed:.0f}s loss {loss.item():.4f}"
            if run.step % 500 == 0:
                line += f" validation {psnr(run.average['vae'], validation):.2f} dB"
            print(line, flush=True)
    if rank == 0:
        print(f"end: step {run.step}, validation {psnr(run.average['vae'], validation):.2f} dB", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=28)
    launch(main, parser.parse_args().minutes)
