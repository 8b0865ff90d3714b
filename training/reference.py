"""The same runs through diffusers, in float32: for tuning, and to compare the product with."""

from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionXLImg2ImgPipeline, StableDiffusionXLPipeline
from PIL import Image

MODELS = Path(__file__).parents[1] / "models"


def load_refiner():
    pipe = StableDiffusionXLImg2ImgPipeline.from_pretrained(MODELS / "emoji-refiner", variant="fp16", torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def load_base():
    pipe = StableDiffusionXLPipeline.from_pretrained(MODELS / "emoji-base", torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def refine(pipe, pictures, prompts, seeds, batch=16, **settings):
    """uint8 pictures, refined; every picture has a generator of its own, as in the product."""
    refined = []
    for start in range(0, len(pictures), batch):
        part = slice(start, start + batch)
        output = pipe(
            prompt=list(prompts[part]),
            negative_prompt=[""] * len(prompts[part]),
            image=[Image.fromarray(picture) for picture in pictures[part]],
            generator=[torch.Generator().manual_seed(seed) for seed in seeds[part]],
            **settings,
        )
        refined += [np.asarray(image) for image in output.images]
    return refined


@torch.no_grad()
def through_vae(pipe, pictures):
    """The VAE alone, in float32 from the published weights: encode, decode."""
    decoded = []
    for picture in pictures:
        x = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 127.5 - 1
        y = pipe.vae.decode(pipe.vae.encode(x).latent_dist.mode()).sample
        decoded.append(to_picture(y))
    return decoded


def to_picture(decoded):
    """The VAE's output, 1 x 3 x H x W in -1..1, as H x W x 3 uint8."""
    return ((decoded[0].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
