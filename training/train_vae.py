"""Train the autoencoder both models share: 128 px pictures to 16 x 16 x 4 latents and back.

Two runs: the first from nothing, mostly on crops; `--finish` goes on from its averaged weights
on whole pictures, with the structural similarity of metrics.py itself in the loss.
"""

import argparse
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

from muon import optimizers, zero_branches
from pictures import SIDE, compose, held_out, load
from runs import Run, averaged, launch

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


@cache
def ssim_places(side, device):
    """SSIM's window as a matrix, one row for each place: several times as fast as a convolution on a CPU."""
    offsets = torch.arange(11) - 5.0
    window = F.normalize(torch.exp(-offsets.square() / (2 * 1.5**2)), p=1, dim=0)
    return torch.stack([F.pad(window, (i, side - 11 - i)) for i in range(side - 10)]).to(device)


def gaussian_ssim(a, b):
    """Each picture's structural similarity as metrics.py has it (window of 11 px), for values in -1..1."""
    a, b = (a + 1) / 2, (b + 1) / 2
    places = ssim_places(a.shape[-1], a.device)
    ma, mb, aa, bb, ab = places @ torch.stack([a, b, a * a, b * b, a * b]) @ places.T
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * ma * mb + c1) / (ma * ma + mb * mb + c1)
    return (luminance * (2 * (ab - ma * mb) + c2) / (aa - ma * ma + bb - mb * mb + c2)).mean((1, 2, 3))


def finishing_loss_of(decoded, target):
    """As above with the measured SSIM. Past black or white the picture is clipped, so that costs nothing."""
    clipped = (decoded * target.sign() > 1) & (target.abs() > 0.99)
    decoded = torch.where(clipped, target.detach().sign(), decoded)
    return F.l1_loss(decoded, target) + 4 * F.mse_loss(decoded, target) + 2 * (1 - gaussian_ssim(decoded, target).mean())


@torch.no_grad()
def quality(vae, pictures):
    """Medians over the pictures of the decoded encoding's PSNR and SSIM, in words."""
    psnr, ssim = [], []
    for start in range(0, len(pictures), 8):
        x = to_tensor(pictures[start : start + 8])
        with torch.autocast("cpu", torch.bfloat16):
            y = vae.decode(vae.encode(x).latent_dist.mean).sample.float().clamp(-1, 1)
        psnr += (10 * torch.log10(4 / (x - y).square().mean((1, 2, 3)))).tolist()
        ssim += gaussian_ssim(x, y).tolist()
    return f"validation {np.median(psnr):.2f} dB, SSIM {np.median(ssim):.4f}"


def main(rank, minutes, finish):
    pictures, _ = load("train")
    validation = np.stack([clean for clean, _, _ in held_out("validation")])[::4]
    vae = build_vae()
    zero_branches(vae)
    modules = {"vae": vae}
    if finish:
        averaged("vae", modules)
        vae.train().requires_grad_(True)
    choices = optimizers(modules, lambda name: name.endswith(EDGES))
    run = Run(rank, "vae-finished" if finish else "vae", modules, choices, minutes, rate=0.5 if finish else 1)
    torch.manual_seed(rank)
    rng = np.random.default_rng([5 if finish else 1, rank, run.step])
    if rank == 0:
        print(f"begin: step {run.step}, {quality(run.average['vae'], validation)}", flush=True)
    while run.running():
        # Crops first: more different pictures in the same time. Whole pictures later, since
        # group norms and the attention see the whole picture when the model is used.
        count, side = (4, SIDE) if finish else (8, 64) if run.progress < 0.7 else (2, SIDE)
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
        loss = (finishing_loss_of if finish else loss_of)(decoded.float(), x) + KL_WEIGHT * posterior.kl().mean() / posterior.mean[0].numel()
        run.update(loss)
        if rank == 0 and run.step % 100 == 0:
            line = f"step {run.step} {run.elapsed:.0f}s loss {loss.item():.4f}"
            if run.step % 500 == 0:
                line += f" {quality(run.average['vae'], validation)}"
            print(line, flush=True)
    if rank == 0:
        print(f"end: step {run.step}, {quality(run.average['vae'], validation)}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=28)
    parser.add_argument("--finish", action="store_true", help="the second run, from the first one's weights")
    arguments = parser.parse_args()
    launch(main, arguments.minutes, arguments.finish)
