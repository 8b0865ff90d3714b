"""optimum-onnx: diffusers' networks exported to ONNX once, float32, on ONNX Runtime's CPU provider with its defaults."""

import os

import torch
from diffusers import StableDiffusionXLImg2ImgPipeline
from optimum.exporters.onnx import onnx_export_from_model
from optimum.onnxruntime import ORTStableDiffusionXLImg2ImgPipeline
from transformers import CLIPTokenizer

from inputs import PROMPTS, latents, picture, unet_inputs, variant_of

ALL = ["text", "unet", "vae"]


class OptimumOnnx:
    """Its pipeline opens all networks at once, whichever are asked for."""

    def __init__(self, model, work):
        torch.set_grad_enabled(False)
        self.model = model
        self.folder = os.path.join(work, "optimum")

    def prepare(self, parts=ALL):
        if not os.path.exists(os.path.join(self.folder, "model_index.json")):
            kind = StableDiffusionXLImg2ImgPipeline
            variant = variant_of(os.path.join(self.model, "unet"))
            pipeline = kind.from_pretrained(self.model, variant=variant, torch_dtype=torch.float32)
            onnx_export_from_model(pipeline, self.folder, task="image-to-image", do_validation=False)
        return {"versions": versions()}

    def open(self, parts=ALL, side=512):
        provider = {"provider": "CPUExecutionProvider"}
        self.pipeline = ORTStableDiffusionXLImg2ImgPipeline.from_pretrained(self.folder, **provider)
        self.tokenizer = CLIPTokenizer.from_pretrained(self.model, subfolder="tokenizer_2")
        return {"versions": versions()}

    def text(self):
        ids = self.tokenizer(PROMPTS, padding="max_length", max_length=77, truncation=True, return_tensors="pt")
        self.pipeline.text_encoder_2(ids.input_ids, output_hidden_states=True)

    def unet(self, side, pictures=1):
        given = unet_inputs(self.model, side, pictures)
        added = {key: given.pop(key) for key in ("text_embeds", "time_ids")}
        self.pipeline.unet(**given, added_cond_kwargs=added, return_dict=False)

    def encode(self, side):
        self.pipeline.vae_encoder(picture(side))

    def decode(self, side):
        self.pipeline.vae_decoder(latents(side))

    def pictures(self, images, prompt, steps, strength, outputs):
        from PIL import Image

        settings = {"num_inference_steps": steps, "strength": strength, "guidance_scale": 5.0}
        given = [Image.open(image).convert("RGB") for image in images]
        refined = self.pipeline(prompt=[prompt] * len(images), image=given, **settings)
        for image, output in zip(refined.images, outputs, strict=True):
            image.save(output)


def versions():
    import onnxruntime
    from importlib.metadata import version

    return f"optimum-onnx {version('optimum-onnx')}, onnxruntime {onnxruntime.__version__}, diffusers {version('diffusers')}"
