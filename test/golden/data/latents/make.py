"""Latents as torch.save writes them: what the tensor is, in each form that we read, and two that we do not (torch 2.13.0)."""
import pathlib

import torch

here = pathlib.Path(__file__).parent
plain = torch.arange(24, dtype=torch.float32).reshape(1, 4, 2, 3)
torch.save(plain, here / "float32.pt")
torch.save({"latents": plain.half()}, here / "float16-in-dict.pt")
torch.save([plain.bfloat16()], here / "bfloat16-in-list.pt")
torch.save(plain.to(memory_format=torch.channels_last), here / "channels-last.pt")
torch.save(torch.cat([plain - 100, plain])[1:2], here / "second-of-two.pth")
torch.save({"a": plain, "b": plain}, here / "two-tensors.pt")
torch.save(plain.double(), here / "float64.pt")
torch.save(plain, here / "before-1.6.pt", _use_new_zipfile_serialization=False)
