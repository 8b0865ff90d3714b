"""What every peer is given: shapes as refiner and base model have them, two rows (negative and positive prompt) a picture as one batch."""

import json
import os

import torch

TOKENS, CHANNELS, SCALE = 77, 4, 8
PROMPTS = ["", "a lighthouse on a cliff, oil painting"]


def is_refiner(model):
    return read(model, "model_index.json").get("requires_aesthetics_score", False)


def read(*path):
    with open(os.path.join(*path)) as file:
        return json.load(file)


def unet_inputs(model, side, pictures=1):
    config = read(model, "unet", "config.json")
    # A refiner is told a score of the picture, a base model the size of the target.
    time_ids = [[side, side, 0, 0, score] if is_refiner(model) else [side, side, 0, 0, side, side] for score in (2.5, 6.0)]
    pooled = config["projection_class_embeddings_input_dim"] - len(time_ids[0]) * config["addition_time_embed_dim"]
    generator = torch.Generator().manual_seed(side)
    rows = 2 * pictures
    normal = lambda *shape: torch.randn(*shape, generator=generator)
    return {
        "sample": normal(rows, CHANNELS, side // SCALE, side // SCALE),
        "timestep": torch.tensor(500.0),
        "encoder_hidden_states": normal(rows, TOKENS, config["cross_attention_dim"]),
        "text_embeds": normal(rows, pooled),
        "time_ids": torch.tensor(time_ids * pictures, dtype=torch.float32),
    }


def picture(side):
    return torch.linspace(-1, 1, 3 * side * side).reshape(1, 3, side, side)


def latents(side):
    return torch.randn(1, CHANNELS, side // SCALE, side // SCALE, generator=torch.Generator().manual_seed(side))


def variant_of(folder):
    """Whether the weights lie in half precision, which diffusers must be told."""
    return "fp16" if any(".fp16." in name for name in os.listdir(folder)) else None
