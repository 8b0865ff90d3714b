"""The reference of two stages: diffusers' base pipeline, and its img2img pipeline on what that gives.

usage: make.py <folder of the golden models> <output folder>     (diffusers 0.42.1, transformers 5.23.0, torch 2.13.0, CPU)
"""
import json
import pathlib
import sys

import torch
from diffusers import StableDiffusionXLImg2ImgPipeline, StableDiffusionXLPipeline

models, out = map(pathlib.Path, sys.argv[1:3])
case = json.loads((pathlib.Path(__file__).parent / "case.json").read_text())
base = StableDiffusionXLPipeline.from_pretrained(models / "tiny-base", torch_dtype=torch.float32)
refiner = StableDiffusionXLImg2ImgPipeline.from_pretrained(
    models / "tiny-refiner", variant="fp16", torch_dtype=torch.float32
)
common = {key: case[key] for key in ("prompt", "num_inference_steps", "guidance_scale")}


def seeded(seed):
    return torch.Generator().manual_seed(seed)


for name, output_type in (("latents", "latent"), ("picture", "pil")):
    size = {"height": case["height"], "width": case["width"]}
    image = base(**common, **size, generator=seeded(case["seed"]), output_type=output_type).images
    refined = refiner(**common, image=image, strength=case["strength"], generator=seeded(case["refiner_seed"]))
    refined.images[0].save(out / f"output-{name}.png")
