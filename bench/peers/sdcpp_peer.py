"""stable-diffusion.cpp on the CPU, its weights converted once to q8_0: UNet calls of a base model, since it knows no refiner."""

import json
import os
import queue
import shutil
import struct
import threading
import time

import stable_diffusion_cpp
from stable_diffusion_cpp import StableDiffusion

from inputs import PROMPTS, is_refiner

STEPS = 50
#: Of a model's files, and what its tensors are called in a file of all of them. It reads diffusers' folders, but not the second text encoder.
PARTS = {
    "unet/diffusion_pytorch_model.safetensors": "unet.",
    "vae/diffusion_pytorch_model.safetensors": "vae.",
    "text_encoder/model.safetensors": "cond_stage_model.transformer.",
    "text_encoder_2/model.safetensors": "cond_stage_model.1.transformer.",
}


class StableDiffusionCpp:
    def __init__(self, model, work):
        self.model = model
        self.file = os.path.join(work, "stable-diffusion.cpp", "q8_0.gguf")
        self.seconds = queue.Queue()
        self.side = None

    def prepare(self):
        if is_refiner(self.model):
            raise RuntimeError("stable-diffusion.cpp knows no refiner; --base has a base model")
        if not os.path.exists(self.file):
            os.makedirs(os.path.dirname(self.file), exist_ok=True)
            part, whole = f"{self.file}.part.gguf", f"{self.file}.safetensors"
            merge(self.model, whole)
            converted = self.loaded("").convert(whole, output_path=part, output_type="q8_0")
            os.remove(whole)
            if not converted:
                raise RuntimeError("stable-diffusion.cpp did not convert the model")
            os.rename(part, self.file)
        return facts()

    def loaded(self, path):
        return StableDiffusion(model_path=path, n_threads=os.cpu_count(), diffusion_flash_attn=True, verbose=False)

    def open(self, parts=None, side=512):
        """It always opens all of a model."""
        self.pipeline = self.loaded(self.file)
        return facts()

    def unet(self, side, pictures=1):
        """A step of a picture that is computed beside: its two prompts are two calls. It offers no single call."""
        if pictures != 1:
            raise NotImplementedError("calls for several pictures are measured with diffusers alone")
        if self.side != side:
            if self.side is not None:
                raise NotImplementedError("one size for each process")
            self.side = side
            threading.Thread(target=self.generate, daemon=True).start()
        seconds = self.seconds.get()
        if isinstance(seconds, Exception):
            raise seconds
        return {"seconds": seconds}

    def generate(self):
        last = None

        def on_step(step, steps, _):
            nonlocal last
            now = time.perf_counter()
            # Loading weights is progress, too, in another number of steps.
            if steps == STEPS and last is not None and step > 0:
                self.seconds.put(now - last)
            last = now if steps == STEPS else None

        try:
            settings = {"width": self.side, "height": self.side, "sample_steps": STEPS, "sample_method": "euler"}
            self.pipeline.generate_image(PROMPTS[1], cfg_scale=5.0, seed=1, progress_callback=on_step, **settings)
            raise RuntimeError(f"the {STEPS} steps are over")
        except Exception as error:
            self.seconds.put(error)

    def text(self):
        raise NotImplementedError("only UNet calls are measured with stable-diffusion.cpp")

    def encode(self, side):
        self.text()

    def decode(self, side):
        self.text()

    def pictures(self, **_):
        self.text()


def merge(model, path):
    """One file of all tensors."""
    header, start, sources = {}, 0, []
    for name, prefix in PARTS.items():
        source = open(os.path.join(model, name), "rb")
        (length,) = struct.unpack("<Q", source.read(8))
        tensors = json.loads(source.read(length))
        tensors.pop("__metadata__", None)
        for tensor, entry in tensors.items():
            header[prefix + tensor] = entry | {"data_offsets": [start + offset for offset in entry["data_offsets"]]}
        start += os.path.getsize(source.name) - 8 - length
        sources.append(source)
    text = json.dumps(header).encode()
    with open(path, "wb") as target:
        target.write(struct.pack("<Q", len(text)) + text)
        for source in sources:
            shutil.copyfileobj(source, target, 1 << 24)
            source.close()


def facts():
    return {"versions": f"stable-diffusion-cpp-python {stable_diffusion_cpp.__version__}, q8_0"}
