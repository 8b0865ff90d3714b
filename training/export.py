"""Write the averaged weights as published diffusers folders, float16: models/emoji-refiner and emoji-base."""

import argparse
import json
import shutil
from pathlib import Path

import diffusers
from safetensors.torch import load_file

from models import MODELS, SCALE, VAE_SCALE, build_scheduler, build_tokenizer, load_vae
from runs import RUNS
from train_unet import build

CLASSES = {
    "scheduler": ["diffusers", "EulerDiscreteScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "tokenizer_2": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
# The command takes it where nobody says otherwise. The refiner restores best without guidance.
GUIDANCE = {"refiner": 1, "base": 3}


def export(kind, variant, weights, models):
    """One folder, from the averaged weights that train_unet.py keeps in runs/<kind>.safetensors."""
    vae = load_vae()
    vae.register_to_config(scaling_factor=round(VAE_SCALE * SCALE, 5))
    folder = models / f"emoji-{kind}"
    shutil.rmtree(folder, ignore_errors=True)
    # SDXL's second tokenizer pads with "!", the first with the end token.
    tokenizer_2 = build_tokenizer(folder / "tokenizer_2", "!")
    if kind == "base":
        build_tokenizer(folder / "tokenizer", "<|endoftext|>")
    modules = build(kind, len(tokenizer_2))
    stored = load_file(weights)
    for name, module in modules.items():
        module.load_state_dict({key.removeprefix(f"{name}."): value for key, value in stored.items() if key.startswith(f"{name}.")})
    for name, module in (modules | {"vae": vae}).items():
        module.half().save_pretrained(folder / name, variant=variant)
    config = folder / "vae" / "config.json"
    settings = json.loads(config.read_text())
    settings.pop("_name_or_path", None)  # where this machine read it
    config.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")
    build_scheduler().save_pretrained(folder / "scheduler")

    parts = {name: kind_of for name, kind_of in CLASSES.items() if (folder / name).exists()}
    absent = {name: [None, None] for name in CLASSES if name not in parts}
    pipeline = "StableDiffusionXLPipeline" if kind == "base" else "StableDiffusionXLImg2ImgPipeline"
    index = {"_class_name": pipeline, "_diffusers_version": diffusers.__version__}
    index |= parts | absent | {"feature_extractor": [None, None], "force_zeros_for_empty_prompt": kind == "base"}
    if kind == "base":
        index["image_encoder"] = [None, None]
    else:
        index["requires_aesthetics_score"] = True
    (folder / "refine-defaults.json").write_text(json.dumps({"guidance_scale": GUIDANCE[kind]}, indent=2) + "\n")
    (folder / "model_index.json").write_text(json.dumps(dict(sorted(index.items())), indent=2) + "\n")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{folder.name}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=RUNS, help="the folder with refiner.safetensors and base.safetensors")
    parser.add_argument("--models", type=Path, default=MODELS)
    arguments = parser.parse_args()
    for kind, variant in (("refiner", "fp16"), ("base", None)):
        weights = arguments.runs / f"{kind}.safetensors"
        if weights.exists():
            export(kind, variant, weights, arguments.models)
