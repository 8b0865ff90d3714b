"""The UNets of the tiny models with FreeU, on the first call of two golden cases, by diffusers 0.42.1.

usage: make.py <test/golden/data>
"""
import pathlib, sys, torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file

data = pathlib.Path(sys.argv[1])
outputs = {}
for case, model, variant in (("refine-odd-size", "tiny-refiner", "fp16"), ("base-text-to-image", "tiny-base", None)):
    unet = UNet2DConditionModel.from_pretrained(data / "models" / model / "unet", variant=variant, torch_dtype=torch.float32)
    unet.enable_freeu(b1=1.3, b2=1.4, s1=0.9, s2=0.2)
    given = {name.removeprefix("unet0."): value for name, value in load_file(data / "cases" / case / "tensors.safetensors").items() if name.startswith("unet0.")}
    print(case, {name: list(value.shape) for name, value in given.items()})
    with torch.no_grad():
        out = unet(given["sample"], given["timestep"], given["encoder_hidden_states"],
                   added_cond_kwargs={"text_embeds": given["text_embeds"], "time_ids": given["time_ids"]}).sample
    print((out - given["noise_pred"]).abs().max())
    outputs[case] = out.contiguous()
save_file(outputs, "freeu.safetensors")
