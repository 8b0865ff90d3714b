"""diffusers on torch, float32 on the CPU: eager, and with torch.compile on what takes the time."""

import os

import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionXLImg2ImgPipeline, UNet2DConditionModel
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from inputs import PROMPTS, latents, picture, unet_inputs, variant_of

ALL = ["text", "unet", "vae"]


class Eager:
    def __init__(self, model, work):
        torch.set_grad_enabled(False)
        self.model = model
        self.parts = {}

    def prepare(self):
        return {"versions": versions()}

    def open(self, parts=ALL, side=512):
        for part in parts:
            self.parts[part] = self.wrap(self.load(part))
        if "text" in parts:
            self.tokenizer = CLIPTokenizer.from_pretrained(self.model, subfolder="tokenizer_2")
        return {"versions": versions()}

    def load(self, part):
        kind, subfolder, dtype = {
            "unet": (UNet2DConditionModel, "unet", "torch_dtype"),
            "vae": (AutoencoderKL, "vae", "torch_dtype"),
            "text": (CLIPTextModelWithProjection, "text_encoder_2", "dtype"),
        }[part]
        variant = variant_of(os.path.join(self.model, subfolder))
        return kind.from_pretrained(self.model, subfolder=subfolder, variant=variant, **{dtype: torch.float32}).eval()

    def wrap(self, module):
        return module

    def text(self):
        ids = self.tokenizer(PROMPTS, padding="max_length", max_length=77, truncation=True, return_tensors="pt")
        self.parts["text"](ids.input_ids, output_hidden_states=True)

    def unet(self, side):
        unet = self.parts["unet"]
        given = unet_inputs(self.model, side)
        added = {key: given.pop(key) for key in ("text_embeds", "time_ids")}
        unet(**given, added_cond_kwargs=added, return_dict=False)

    def encode(self, side):
        self.parts["vae"].encode(picture(side))

    def decode(self, side):
        self.parts["vae"].decode(latents(side))

    def picture(self, image, prompt, steps, strength, output):
        from PIL import Image

        pipeline = StableDiffusionXLImg2ImgPipeline(
            vae=self.parts["vae"],
            text_encoder=None,
            text_encoder_2=self.parts["text"],
            tokenizer=None,
            tokenizer_2=self.tokenizer,
            unet=self.parts["unet"],
            scheduler=EulerDiscreteScheduler.from_pretrained(self.model, subfolder="scheduler"),
            requires_aesthetics_score=True,
            force_zeros_for_empty_prompt=False,
            add_watermarker=False,
        )
        pipeline.set_progress_bar_config(disable=True)
        settings = {"num_inference_steps": steps, "strength": strength, "guidance_scale": 5.0}
        refined = pipeline(prompt=prompt, image=Image.open(image).convert("RGB"), **settings)
        refined.images[0].save(output)


class Compiled(Eager):
    """Compiles each network in place: the first call of each shape takes minutes and is not counted."""

    def wrap(self, module):
        module.compile()
        if isinstance(module, AutoencoderKL):
            module.encoder.compile()
            module.decoder.compile()
        return module


def versions():
    import diffusers
    import transformers

    return f"diffusers {diffusers.__version__}, transformers {transformers.__version__}, torch {torch.__version__}"
