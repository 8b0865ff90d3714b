"""diffusers on torch and one NVIDIA GPU, as its documentation has it: half precision, scaled-dot-product attention (the default
of torch 2), the VAE in float32, to which SDXL's pipelines convert it."""

import torch

from diffusers_peer import Compiled, Eager


class CudaEager(Eager):
    device, dtype = "cuda", torch.float16

    def prepare(self):
        if not torch.cuda.is_available():
            raise RuntimeError(f"torch {torch.__version__} finds no CUDA device")
        return super().prepare()

    def synchronize(self):
        """Kernels run after the call that starts them returns."""
        torch.cuda.synchronize()


class CudaCompiled(Compiled, CudaEager):
    """In the layout that cuDNN's convolutions want, the fastest of them by trial."""

    def load(self, part):
        torch.backends.cudnn.benchmark = True
        return super().load(part).to(memory_format=torch.channels_last)
