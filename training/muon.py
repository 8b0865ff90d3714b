"""Muon (Keller Jordan, 2024, MIT): momentum steps made orthogonal, for weight matrices.

Here it reached a given loss in about half the steps of AdamW, which is what counts when a
step is slow. Convolution kernels count as matrices of output x (input * k * k). Matrices of one
shape are handled together, which on a GPU saves most of the kernels.
"""

import torch


def orthogonal(gradients):
    """The nearest orthogonal matrices to N x rows x columns, by five Newton-Schulz steps (quintic, in bfloat16)."""
    x = gradients.bfloat16()
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        a = x @ x.mT
        x = 3.4445 * x + (2.0315 * a @ a - 4.7750 * a) @ x
    return (x.mT if tall else x).float()


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr=0.02, momentum=0.95):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            shapes = {}
            for p in group["params"]:
                if p.grad is not None:
                    shapes.setdefault((len(p), p.numel() // len(p)), []).append(p)
            for (rows, columns), parameters in shapes.items():
                gradients = [p.grad for p in parameters]
                for p in parameters:
                    if "momentum" not in self.state[p]:
                        self.state[p]["momentum"] = torch.zeros_like(p)
                buffers = [self.state[p]["momentum"] for p in parameters]
                torch._foreach_mul_(buffers, group["momentum"])
                torch._foreach_add_(buffers, gradients)
                steps = torch._foreach_add(gradients, buffers, alpha=group["momentum"])
                update = orthogonal(torch.stack([s.reshape(rows, columns) for s in steps]))
                update = update * (-group["lr"] * max(1, rows / columns) ** 0.5)
                torch._foreach_add_(parameters, [u.view_as(p) for u, p in zip(update.unbind(), parameters)])


def optimizers(modules, is_edge, capturable=False):
    """Muon for matrices, AdamW for the rest: biases, norms, embeddings, first and last layers."""
    matrices, rest = [], []
    for module in modules.values():
        for name, parameter in module.named_parameters():
            (rest if parameter.ndim < 2 or is_edge(name) else matrices).append(parameter)
    adam = torch.optim.AdamW(rest, lr=1.5e-3, betas=(0.9, 0.99), weight_decay=1e-3, fused=True, capturable=capturable)
    return [Muon(matrices, lr=0.02), adam]


def zero_branches(module):
    """Residual branches begin at zero: the network starts as a short chain and learns faster."""
    for name, child in module.named_modules():
        if name.endswith(("conv2", "to_out.0", "ff.net.2", "mlp.fc2", "self_attn.out_proj")):
            torch.nn.init.zeros_(child.weight)
            if child.bias is not None:
                torch.nn.init.zeros_(child.bias)
