"""Wrote this folder: trajectories of diffusers 0.42.1 with torch 2.13.0, numpy 2 and torchsde 0.2.6 on a CPU.

    python make.py <folder>
"""
import json
import sys

import diffusers
import torch
from safetensors.torch import save_file

BASE = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", num_train_timesteps=1000)
SINGLE = "DPMSolverSinglestepScheduler"
SDE = "DPMSolverSDEScheduler"
CASES = {
    "dpmpp-sde": (SDE, dict(BASE)),
    "dpmpp-sde-karras": (SDE, dict(BASE, timestep_spacing="leading", steps_offset=1, use_karras_sigmas=True)),
    "dpmpp-sde-v": (SDE, dict(BASE, timestep_spacing="trailing", prediction_type="v_prediction", use_beta_sigmas=True)),
    "dpmpp-3s": (SINGLE, dict(BASE, solver_order=3)),
    "dpmpp-3s-heun": (
        SINGLE,
        dict(BASE, solver_order=3, solver_type="heun", final_sigmas_type="sigma_min", lower_order_final=True),
    ),
    "dpmpp-2s-sde-karras": (
        SINGLE,
        dict(BASE, algorithm_type="sde-dpmsolver++", use_karras_sigmas=True, lower_order_final=True),
    ),
    "dpmpp-3s-sde": (
        SINGLE,
        dict(
            BASE,
            algorithm_type="sde-dpmsolver++",
            solver_order=3,
            solver_type="heun",
            lower_order_final=True,
            use_exponential_sigmas=True,
        ),
    ),
    "edm-euler": ("EDMEulerScheduler", dict(prediction_type="v_prediction")),
    "edm-euler-exponential": (
        "EDMEulerScheduler",
        dict(sigma_schedule="exponential", final_sigmas_type="sigma_min", sigma_data=1.0),
    ),
    "tcd-eta-1": ("TCDScheduler", dict(BASE)),
}
SETTINGS = [(10, 0.5), (25, 0.3), (7, 1.0)]

out = sys.argv[1]
index = {}
for case, (name, config) in CASES.items():
    for i, (steps, strength) in enumerate(SETTINGS):
        scheduler = getattr(diffusers, name)(**config)
        scheduler.set_timesteps(steps)
        begin = max(steps - min(int(steps * strength), steps), 0) * scheduler.order
        timesteps = scheduler.timesteps[begin:]
        scheduler.set_begin_index(begin)
        seed = 100 + i
        noise_seed = 2**40 + 12345 if case == "dpmpp-sde" and i == 2 else 200 + i
        generator = torch.Generator().manual_seed(seed)
        x0, noise = (torch.randn(1, 4, 4, 4, generator=generator) for _ in range(2))
        x = scheduler.add_noise(x0, noise, timesteps[:1])
        tensors = {"x0": x0, "noise": noise, "noisy": x, "timesteps": timesteps.float()}
        if name != "TCDScheduler":
            tensors["sigmas"] = scheduler.sigmas.float()
        keywords = {}
        if name == SDE:
            scheduler.noise_sampler_seed = noise_seed
        if name in (SINGLE, "TCDScheduler"):
            keywords["generator"] = torch.Generator().manual_seed(noise_seed)
        if name == "TCDScheduler":
            keywords["eta"] = 1.0
        for step, timestep in enumerate(timesteps):
            seen = scheduler.scale_model_input(x, timestep)
            prediction = 0.4 * torch.tanh(seen) + 0.1 * torch.sin(timestep.float() / 90)
            x = scheduler.step(prediction.float(), timestep, x, return_dict=False, **keywords)[0]
            tensors[f"x.{step}"] = x.float()
        file = f"{case}.{steps}.{strength}.safetensors"
        save_file({key: value.contiguous().clone() for key, value in tensors.items()}, f"{out}/{file}")
        index[file] = dict(
            scheduler=name, config=config, steps=steps, strength=strength, seed=seed, noise_seed=noise_seed
        )
        if "eta" in keywords:
            index[file]["eta"] = keywords["eta"]
json.dump(index, open(f"{out}/index.json", "w"), indent=1)
