"""The two models' networks, and the layout of their published folders."""

from pathlib import Path

from diffusers import EulerDiscreteScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from pictures import SIDE, STYLES, load
from tokenizer import LENGTH, write_tokenizer

CLIP_MERGES = Path(__file__).parents[1] / "models" / "clip-tokenizer" / "merges.txt"
NARROW, WIDE = 32, 64  # hidden sizes of the first and the second text encoder
TIME_DIMENSIONS = 32


def build_tokenizer(folder, pad):
    """The trimmed tokenizer; its vocabulary comes from the training names alone."""
    _, rows = load("train")
    prompts = [row["name"] for row in rows] + list(STYLES)
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
    return _unet((80, 64, 64, 64), down, up, WIDE, 5)


def build_base_unet():
    """3 levels, no attention at the first; 6 time ids: original size, crop, target size."""
    down = ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D")
    up = ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D")
    return _unet((48, 64, 64), down, up, NARROW + WIDE, 6)


def build_scheduler():
    return EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        timestep_spacing="leading",
        steps_offset=1,
    )
