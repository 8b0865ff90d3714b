"""Muon (Keller Jordan, 2024, MIT): momentum steps made orthogonal, for weight matrices.

Here it reached a given loss in about half the steps of AdamW, which is what counts when a
step is slow. Convolution kernels count as matrices of output x (input * k * k).
"""

import torch


def orthogonal(gradient):
    """The nearest orthogonal matrix, by five Newton-Schulz steps (quintic, in bfloat16)."""
    x = gradient.reshape(len(gradient), -1).bfloat16()
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (2.0315 * a @ a - 4.7750 * a) @ x
    return (x.T if tall else x).float().reshape(gradient.shape)


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr=0.02, momentum=0.95):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                buffer = state.setdefault("momentum", torch.zeros_like(p))
                buffer.mul_(group["momentum"]).add_(p.grad)
                update = orthogonal(p.grad + group["momentum"] * buffer)
                rows, columns = len(p), p.numel() // len(p)
                p.add_(update, alpha=-group["lr"] * max(1, rows / columns) ** 0.5)


def optimizers(modules, is_edge):
    """Muon for matrices, AdamW for the rest: biases, norms, embeddings, first and last layers."""
    matrices, rest = [], []
    for module in modules.values():
        for name, parameter in module.named_parameters():
            (rest if parameter.ndim < 2 or is_edge(name) else matrices).append(parameter)
    return [Muon(matrices, lr=0.02), torch.optim.AdamW(rest, lr=1.5e-3, betas=(0.9, 0.99), weight_decay=1e-3, fused=True)]


def zero_branches(module):
    """Residual branches begin at zero: the network starts as a short chain and learns faster."""
    for name, child in module.named_modules():
        if name.endswith(("conv2", "to_out.0", "ff.net.2", "mlp.fc2", "self_attn.out_proj")):
            torch.nn.init.zeros_(child.weight)
            if child.bias is not None:
                torch.nn.init.zeros_(child.bias)
