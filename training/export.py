"""Write the averaged weights as published diffusers folders, float16: models/emoji-refiner and emoji-base."""

import json
import shutil
from pathlib import Path

import diffusers

from models import build_base_unet, build_refiner_unet, build_scheduler, build_text_encoder, build_text_encoder_2, build_tokenizer
from runs import RUNS, averaged
from train_unet import load_latents
from train_vae import build_vae

MODELS = Path(__file__).parents[1] / "models"
CLASSES = {
    "scheduler": ["diffusers", "EulerDiscreteScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "tokenizer_2": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def export(kind, variant):
    folder = MODELS / f"emoji-{kind}"
    shutil.rmtree(folder, ignore_errors=True)
    # SDXL's second tokenizer pads with "!", the first with the end token.
    tokenizer_2 = build_tokenizer(folder / "tokenizer_2", "!")
    modules = {
        "unet": build_base_unet() if kind == "base" else build_refiner_unet(),
        "text_encoder_2": build_text_encoder_2(len(tokenizer_2)),
    }
    if kind == "base":
        build_tokenizer(folder / "tokenizer", "<|endoftext|>")
        modules["text_encoder"] = build_text_encoder(len(tokenizer_2))
    averaged(f"{kind}-finished", modules)
    vae = build_vae()
    averaged("vae-finished", {"vae": vae})
    vae.register_to_config(scaling_factor=load_latents(finish=True)[1])
    for name, module in (modules | {"vae": vae}).items():
        module.half().save_pretrained(folder / name, variant=variant)
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
    if kind == "refiner":
        # What it does best at, found with tune.py: the command takes it where nobody says otherwise.
        (folder / "refine-defaults.json").write_text(json.dumps({"strength": 0.02, "guidance_scale": 1}, indent=2) + "\n")
    (folder / "model_index.json").write_text(json.dumps(dict(sorted(index.items())), indent=2) + "\n")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{folder.name}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    for kind, variant in (("refiner", "fp16"), ("base", None)):
        if (RUNS / f"{kind}-finished.pt").exists():
            export(kind, variant)
