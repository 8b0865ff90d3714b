"""Wrote this folder: trajectories of diffusers 0.42.1 over custom timesteps and sigmas, with torch on a CPU.

    python make.py <folder>
"""
import json
import sys

import diffusers
import torch
from diffusers.schedulers.scheduling_utils import AysSchedules
from safetensors.torch import save_file

BASE = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", num_train_timesteps=1000)
SDXL = dict(BASE, timestep_spacing="leading", steps_offset=1)
AYS = AysSchedules["StableDiffusionXLTimesteps"]
FEW = [981, 760, 499, 250, 31]
CASES = {
    "euler-ays": ("EulerDiscreteScheduler", SDXL, dict(timesteps=AYS)),
    "euler-log-linear": ("EulerDiscreteScheduler", dict(SDXL, interpolation_type="log_linear"), dict(timesteps=FEW)),
    "euler-sigmas": ("EulerDiscreteScheduler", SDXL, dict(sigmas=AysSchedules["StableDiffusionXLSigmas"])),
    "euler-sigmas-karras": ("EulerDiscreteScheduler", dict(SDXL, use_karras_sigmas=True), dict(sigmas=[9.5, 3.0, 1.1, 0.3, 0.05])),
    "heun": ("HeunDiscreteScheduler", SDXL, dict(timesteps=FEW)),
    "dpmpp-2m": ("DPMSolverMultistepScheduler", SDXL, dict(timesteps=AYS)),
    "dpmpp-2m-sde": ("DPMSolverMultistepScheduler", dict(SDXL, algorithm_type="sde-dpmsolver++"), dict(timesteps=FEW)),
    "dpmpp-2s": ("DPMSolverSinglestepScheduler", BASE, dict(timesteps=AYS)),
    "ddpm": ("DDPMScheduler", dict(BASE, clip_sample=False), dict(timesteps=FEW)),
    "lcm": ("LCMScheduler", BASE, dict(timesteps=[979, 759, 499, 259])),
    "tcd": ("TCDScheduler", BASE, dict(timesteps=[979, 759, 499, 259])),
}
RANDOM = {"DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler", "DDPMScheduler", "LCMScheduler", "TCDScheduler"}

out = sys.argv[1]
index = {}
for i, (case, (name, config, levels)) in enumerate(CASES.items()):
    for strength in (1.0, 0.6):
        scheduler = getattr(diffusers, name)(**config)
        scheduler.set_timesteps(**levels)
        steps = len(levels["timesteps"]) if "timesteps" in levels else len(levels["sigmas"]) - 1
        begin = max(steps - min(int(steps * strength), steps), 0) * scheduler.order
        timesteps = scheduler.timesteps[begin:]
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(begin)
        seed, noise_seed = 300 + i, 400 + i
        generator = torch.Generator().manual_seed(seed)
        x0, noise = (torch.randn(1, 4, 4, 4, generator=generator) for _ in range(2))
        x = scheduler.add_noise(x0, noise, timesteps[:1])
        tensors = {"x0": x0, "noise": noise, "noisy": x, "timesteps": timesteps.float()}
        if hasattr(scheduler, "sigmas"):
            tensors["sigmas"] = scheduler.sigmas.float()
        keywords = {"generator": torch.Generator().manual_seed(noise_seed)} if name in RANDOM else {}
        for step, timestep in enumerate(timesteps):
            seen = scheduler.scale_model_input(x, timestep)
            prediction = 0.4 * torch.tanh(seen) + 0.1 * torch.sin(timestep.float() / 90)
            x = scheduler.step(prediction.float(), timestep, x, return_dict=False, **keywords)[0]
            tensors[f"x.{step}"] = x.float()
        file = f"{case}.{strength}.safetensors"
        save_file({key: value.contiguous().clone() for key, value in tensors.items()}, f"{out}/{file}")
        index[file] = dict(
            scheduler=name, config=config, steps=steps, strength=strength, seed=seed, noise_seed=noise_seed, **levels
        )
json.dump(index, open(f"{out}/index.json", "w"), indent=1)
