"""The two models' networks, and the layout of their published folders."""

from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, EulerDiscreteScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from pictures import SIDE, STYLES, rows_of
from tokenizer import LENGTH, write_tokenizer

MODELS = Path(__file__).parents[1] / "models"
CLIP_MERGES = MODELS / "clip-tokenizer" / "merges.txt"
VAE_SCALE = 0.18141  # makes the published autoencoder's latents of unit standard deviation
# Latents of 16 x 16 lose far more to one noise level than SDXL's 128 x 128, where 64 values tell of the same part of a
# picture. "Simple diffusion" (arXiv:2301.11093) moves the schedule by the ratio of the sides, here 8. A standard deviation
# of 10 does that: noise at timestep 281, where strength 0.3 begins, is 0.097 of it, an eighth of SDXL's 0.78. beta_end is
# raised from 0.012 to 0.025, so that the first step still has 15 times as much noise as picture.
SCALE = 10
NARROW, WIDE = 32, 64  # hidden sizes of the first and the second text encoder
TIME_DIMENSIONS = 32


def build_tokenizer(folder, pad):
    """The trimmed tokenizer; its vocabulary comes from the training names alone."""
    prompts = [row["name"] for row in rows_of("train")] + list(STYLES)
    return write_tokenizer(Path(folder), CLIP_MERGES, prompts, pad)


def _text_config(vocabulary, hidden, activation):
    return CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        projection_dim=hidden,
        intermediate_size=4 * hidden,
        num_hidden_layers=3,
        num_attention_heads=hidden // 16,
        hidden_act=activation,
        max_position_embeddings=LENGTH,
        # As SDXL's encoders say: id 2 selects the rule "pool at the highest id".
        bos_token_id=0,
        eos_token_id=2,
        pad_token_id=1,
    )


def build_text_encoder(vocabulary):
    return CLIPTextModel(_text_config(vocabulary, NARROW, "quick_gelu"))


def build_text_encoder_2(vocabulary):
    return CLIPTextModelWithProjection(_text_config(vocabulary, WIDE, "gelu"))


def encode_text(encoder, ids):
    """(the last but one layer's states, the pooled projection or None): the encoder's forward, written out.

    transformers' own builds masks on the way, and its embedding's gradient sorts: neither can be counted on inside a
    CUDA graph.
    """
    text = getattr(encoder, "text_model", encoder)
    tokens = text.embeddings.token_embedding.weight.index_select(0, ids.flatten()).view(*ids.shape, -1)
    states = tokens + text.embeddings.position_embedding.weight[: ids.shape[1]]
    for layer in text.encoder.layers:
        before, attention = states, layer.self_attn
        x = layer.layer_norm1(states)
        heads = [
            project(x).unflatten(-1, (attention.num_heads, -1)).transpose(1, 2)
            for project in (attention.q_proj, attention.k_proj, attention.v_proj)
        ]
        x = F.scaled_dot_product_attention(*heads, is_causal=True).transpose(1, 2).flatten(2)
        states = states + attention.out_proj(x)
        states = states + layer.mlp(layer.layer_norm2(states))
    if not hasattr(encoder, "text_projection"):
        return before, None
    end = ids.argmax(-1)[:, None, None].expand(-1, 1, states.shape[-1])
    return before, encoder.text_projection(text.final_layer_norm(states).gather(1, end)[:, 0])


def load_vae():
    """The autoencoder as it is published, in float32."""
    vae = AutoencoderKL.from_pretrained(MODELS / "emoji-refiner" / "vae", variant="fp16", torch_dtype=torch.float32, low_cpu_mem_usage=False)
    return vae.eval().requires_grad_(False)


def _unet(channels, down, up, context, time_ids):
    return UNet2DConditionModel(
        sample_size=SIDE // 8,
        block_out_channels=channels,
        down_block_types=down,
        up_block_types=up,
        layers_per_block=1,
        transformer_layers_per_block=1,
        attention_head_dim=[2] * len(channels),  # SDXL's name for the number of heads
        cross_attention_dim=context,
        norm_num_groups=16,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=TIME_DIMENSIONS,
        projection_class_embeddings_input_dim=WIDE + time_ids * TIME_DIMENSIONS,
    )


def build_refiner_unet():
    """4 levels, no attention at the first and last; 5 time ids: size, crop, aesthetic score."""
    down = ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D")
    up = ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D")
    return _unet((64, 64, 64, 64), down, up, WIDE, 5)


def build_base_unet():
    """3 levels, no attention at the first; 6 time ids: original size, crop, target size."""
    down = ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D")
    up = ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D")
    return _unet((64, 96, 96), down, up, NARROW + WIDE, 6)


def build_scheduler():
    return EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.025,
        beta_schedule="scaled_linear",
        timestep_spacing="leading",
        steps_offset=1,
    )
