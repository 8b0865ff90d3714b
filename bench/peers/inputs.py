"""What every peer is given: shapes as the refiner has them, two rows (negative and positive prompt) a picture as one batch."""

import json
import os

import torch

TOKENS, TIME_IDS, CHANNELS, SCALE = 77, 5, 4, 8
PROMPTS = ["", "a lighthouse on a cliff, oil painting"]


def unet_inputs(model, side, pictures=1):
    with open(os.path.join(model, "unet", "config.json")) as file:
        config = json.load(file)
    pooled = config["projection_class_embeddings_input_dim"] - TIME_IDS * config["addition_time_embed_dim"]
    generator = torch.Generator().manual_seed(side)
    rows = 2 * pictures
    normal = lambda *shape: torch.randn(*shape, generator=generator)
    return {
        "sample": normal(rows, CHANNELS, side // SCALE, side // SCALE),
        "timestep": torch.tensor(500.0),
        "encoder_hidden_states": normal(rows, TOKENS, config["cross_attention_dim"]),
        "text_embeds": normal(rows, pooled),
        "time_ids": torch.tensor([[side, side, 0, 0, 2.5], [side, side, 0, 0, 6.0]] * pictures, dtype=torch.float32),
    }


def picture(side):
    return torch.linspace(-1, 1, 3 * side * side).reshape(1, 3, side, side)


def latents(side):
    return torch.randn(1, CHANNELS, side // SCALE, side // SCALE, generator=torch.Generator().manual_seed(side))


def variant_of(folder):
    """Whether the weights lie in half precision, which diffusers must be told."""
    return "fp16" if any(".fp16." in name for name in os.listdir(folder)) else None
