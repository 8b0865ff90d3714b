"""Golden cases again with DeepCache 0.1.1 by its authors, over diffusers 0.42.1: the latents that each run ends with.

usage: make.py <test/golden/data> <folder that holds the package DeepCache>
"""
import json, pathlib, sys, torch

data = pathlib.Path(sys.argv[1])
sys.path.append(sys.argv[2])
from DeepCache.extension.deepcache import DeepCacheSDHelper
from diffusers import StableDiffusionXLImg2ImgPipeline, StableDiffusionXLPipeline
from PIL import Image
from safetensors.torch import save_file

outputs = {}
for case, kind, variant in (("refine-odd-size", StableDiffusionXLImg2ImgPipeline, "fp16"), ("base-text-to-image", StableDiffusionXLPipeline, None)):
    given = json.loads((data / "cases" / case / "case.json").read_text())
    pipe = kind.from_pretrained(data / "models" / given["model"], variant=variant, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    run = {"prompt": given["prompt"], "num_inference_steps": 8, "output_type": "latent"}
    if given["image"] is not None:
        run |= {"image": Image.open(data / "images" / f"{given['image']}.png"), "strength": 0.9}
    else:
        run |= {"width": given.get("width", 64), "height": given.get("height", 64)}
    for interval in (1, 2, 3):
        for depth in (1, 2, 3):
            helper = DeepCacheSDHelper(pipe=pipe)
            helper.set_params(cache_interval=interval, cache_branch_id=depth - 1)
            if interval > 1:
                helper.enable()
            latents = pipe(**run, generator=torch.Generator().manual_seed(9)).images
            if interval > 1:
                helper.disable()
            print(case, interval, depth, latents.shape, latents.abs().max().item())
            if interval > 1 or depth == 1:
                outputs[f"{case}.{interval}.{depth}"] = latents.contiguous()
save_file(outputs, "deep-cache.safetensors")
