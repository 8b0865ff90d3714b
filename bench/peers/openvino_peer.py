"""OpenVINO on the CPU, in float32, in its own default precision or with int8 weights, each network converted once from diffusers' and
compiled for one size."""

import os
from collections import Counter

import numpy as np
import openvino as ov
import torch

from diffusers_peer import ALL, Eager
from inputs import PROMPTS, SCALE, latents, picture, unet_inputs

NETWORKS = {"text": ["text"], "unet": ["unet"], "vae": ["encoder", "decoder"]}
#: Without the first, a CPU with AMX or AVX512-BF16 computes in bfloat16.
SETTINGS = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}


class UnetCall(torch.nn.Module):
    def __init__(self, unet):
        super().__init__()
        self.unet = unet

    def forward(self, sample, timestep, encoder_hidden_states, text_embeds, time_ids):
        added = {"text_embeds": text_embeds, "time_ids": time_ids}
        return self.unet(sample, timestep, encoder_hidden_states, added_cond_kwargs=added, return_dict=False)[0]


class TextCall(torch.nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, ids):
        found = self.encoder(ids, output_hidden_states=True)
        return found.hidden_states[-2], found.text_embeds


class Encode(torch.nn.Module):
    def __init__(self, vae):
        super().__init__()
        self.vae = vae

    def forward(self, picture):
        return self.vae.quant_conv(self.vae.encoder(picture))


class Decode(Encode):
    def forward(self, latents):
        return self.vae.decoder(self.vae.post_quant_conv(latents))


class OpenVino:
    settings = SETTINGS

    def __init__(self, model, work):
        self.eager = Eager(model, work)
        self.folder = os.path.join(work, "openvino")
        self.core = ov.Core()
        self.compiled = {}

    def path(self, network):
        return os.path.join(self.folder, f"{network}.xml")

    def prepare(self, parts=ALL):
        """Converts once."""
        os.makedirs(self.folder, exist_ok=True)
        for part in parts:
            if all(os.path.exists(self.path(network)) for network in NETWORKS[part]):
                continue
            module = self.eager.load(part)
            for network in NETWORKS[part]:
                self.convert(network, module)
        return {"versions": f"openvino {ov.__version__}"}

    def convert(self, network, module):
        wrapped = {"text": TextCall, "unet": UnetCall, "encoder": Encode, "decoder": Decode}[network](module)
        if network == "unet":
            example = unet_inputs(self.eager.model, 256)
        else:
            example = {
                "text": lambda: {"ids": torch.zeros(2, 77, dtype=torch.int64)},
                "encoder": lambda: {"picture": picture(256)},
                "decoder": lambda: {"latents": latents(256)},
            }[network]()
        save(ov.convert_model(wrapped, example_input=example), self.path(network))

    def open(self, parts=ALL, side=512):
        for part in parts:
            for network in NETWORKS[part]:
                self.compile(network, side)
        if "text" in parts:
            from transformers import CLIPTokenizer

            self.tokenizer = CLIPTokenizer.from_pretrained(self.eager.model, subfolder="tokenizer_2")
        _, largest = self.compiled[NETWORKS["unet" if "unet" in parts else parts[0]][0]]
        return {"versions": f"openvino {ov.__version__}, {precisions(largest)}"}

    def compile(self, network, side):
        """For one size: faster than for any, and kept until another is asked for."""
        known = self.compiled.get(network)
        if known is not None and known[0] in (side, None):
            return known[1]
        self.compiled.pop(network, None)
        model = self.core.read_model(self.path(network))
        small = side // SCALE
        shapes = {
            "unet": {"sample": [2, 4, small, small]},
            "encoder": {"picture": [1, 3, side, side]},
            "decoder": {"latents": [1, 4, small, small]},
            "text": {"ids": [2, 77]},
        }[network]
        model.reshape({**{port.any_name: port.partial_shape for port in model.inputs}, **shapes})
        compiled = self.core.compile_model(model, "CPU", self.settings)
        self.compiled[network] = (None if network == "text" else side, compiled)
        return compiled

    def run(self, network, side, given):
        return self.compile(network, side)({key: np.asarray(value) for key, value in given.items()})

    def text(self):
        ids = self.tokenizer(PROMPTS, padding="max_length", max_length=77, truncation=True, return_tensors="np")
        return void(self.run("text", 0, {"ids": ids.input_ids}))

    def unet(self, side, pictures=1):
        if pictures != 1:
            raise NotImplementedError("calls for several pictures are measured with diffusers alone")
        return void(self.run("unet", side, unet_inputs(self.eager.model, side)))

    def encode(self, side):
        return void(self.run("encoder", side, {"picture": picture(side)}))

    def decode(self, side):
        return void(self.run("decoder", side, {"latents": latents(side)}))

    def pictures(self, **_):
        raise NotImplementedError("whole pictures are measured with diffusers' pipelines alone")


class OpenVinoDefault(OpenVino):
    settings = {"PERFORMANCE_HINT": "LATENCY"}


class OpenVinoInt8(OpenVinoDefault):
    """Weights in int8 by channel, which needs no pictures to calibrate by; its default precision for the rest."""

    def prepare(self, parts=ALL):
        import nncf

        facts = super().prepare(parts)
        whole = self.folder
        self.folder = f"{whole}-int8"
        os.makedirs(self.folder, exist_ok=True)
        for network in (network for part in parts for network in NETWORKS[part]):
            if not os.path.exists(self.path(network)):
                source = self.core.read_model(os.path.join(whole, f"{network}.xml"))
                save(nncf.compress_weights(source, mode=nncf.CompressWeightsMode.INT8_ASYM), self.path(network))
        return {"versions": f"{facts['versions']}, nncf {nncf.__version__}"}

    def open(self, parts=ALL, side=512):
        self.folder = self.folder if self.folder.endswith("-int8") else f"{self.folder}-int8"
        return super().open(parts, side)


def save(model, path):
    """Half-precision weights stay so; a file without its other half is never under the final name."""
    ov.save_model(model, path + ".part.xml", compress_to_fp16=True)
    os.rename(path + ".part.bin", path[:-4] + ".bin")
    os.rename(path + ".part.xml", path)


def precisions(compiled):
    """What it was told or chose, and what its matrix multiplications and convolutions run in."""
    hint = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
    layers = Counter()
    for node in compiled.get_runtime_model().get_ops():
        facts = node.get_rt_info()
        if str(facts["layerType"].value) in ("FullyConnected", "MatMul", "Convolution"):
            # As brgemm_avx512_bf16. Under runtimePrecision stands half precision where weights are stored so.
            layers[str(facts["primitiveType"].value).rsplit("_", 1)[-1]] += 1
    return f"INFERENCE_PRECISION_HINT {hint}, layers {', '.join(f'{count} {name}' for name, count in layers.most_common())}"


def void(_):
    return None
