"""diffusers on torch, by default float32 on the CPU: eager, and with torch.compile on what takes the time."""

import os

import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionXLImg2ImgPipeline, UNet2DConditionModel
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from inputs import PROMPTS, latents, picture, unet_inputs, variant_of

ALL = ["text", "unet", "vae"]


class Eager:
    #: Of UNet and text encoder; the VAE is in float32.
    device, dtype = "cpu", torch.float32

    def __init__(self, model, work):
        torch.set_grad_enabled(False)
        self.model = model
        self.parts = {}
        self.made = {}

    def prepare(self):
        return {"versions": versions()}

    def open(self, parts=ALL, side=512):
        for part in parts:
            self.parts[part] = self.wrap(self.load(part))
        if "text" in parts:
            self.tokenizer = CLIPTokenizer.from_pretrained(self.model, subfolder="tokenizer_2")
        return {"versions": versions()}

    def load(self, part):
        kind, subfolder, key = {
            "unet": (UNet2DConditionModel, "unet", "torch_dtype"),
            "vae": (AutoencoderKL, "vae", "torch_dtype"),
            "text": (CLIPTextModelWithProjection, "text_encoder_2", "dtype"),
        }[part]
        variant = variant_of(os.path.join(self.model, subfolder))
        dtype = torch.float32 if part == "vae" else self.dtype
        module = kind.from_pretrained(self.model, subfolder=subfolder, variant=variant, **{key: dtype})
        return module.eval().to(self.device)

    def wrap(self, module):
        return module

    def once(self, key, make):
        """Inputs are made in the first call, which is not counted."""
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]

    def text(self):
        ids = self.tokenizer(PROMPTS, padding="max_length", max_length=77, truncation=True, return_tensors="pt")
        self.parts["text"](ids.input_ids.to(self.device), output_hidden_states=True)

    def unet(self, side, pictures=1):
        def make():
            given = {key: value.to(self.device) for key, value in unet_inputs(self.model, side, pictures).items()}
            return {key: value if key == "timestep" else value.to(self.dtype) for key, value in given.items()}

        given = dict(self.once(("unet", side, pictures), make))
        added = {key: given.pop(key) for key in ("text_embeds", "time_ids")}
        self.parts["unet"](**given, added_cond_kwargs=added, return_dict=False)

    def encode(self, side):
        """From the host and back, as a picture goes."""
        pixels = self.once(("picture", side), lambda: picture(side))
        self.parts["vae"].encode(pixels.to(self.device, self.parts["vae"].dtype)).latent_dist.mean.cpu()

    def decode(self, side):
        given = self.once(("latents", side), lambda: latents(side))
        self.parts["vae"].decode(given.to(self.device, self.parts["vae"].dtype)).sample.cpu()

    def pictures(self, images, prompt, steps, strength, outputs):
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
        given = [Image.open(image).convert("RGB") for image in images]
        refined = pipeline(prompt=[prompt] * len(images), image=given, **settings)
        for image, output in zip(refined.images, outputs, strict=True):
            image.save(output)


class Bfloat16(Eager):
    """All networks in bfloat16: half the memory traffic, and twice the arithmetic where the processor has AVX512-BF16 or AMX."""

    dtype = torch.bfloat16

    def load(self, part):
        return super().load(part).to(self.dtype)


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
