"""What every training run shares: two processes, a time budget, checkpoints, averaged weights."""

import copy
import math
import os
import time
from pathlib import Path

import torch
import torch.distributed as distributed

RUNS = Path(__file__).parent / "runs"
SAVE_EVERY = 180  # seconds
PROCESSES = 2


def launch(main, *arguments):
    """Runs main(rank, *arguments) in two processes of one thread each.

    On a busy machine that is much faster than one process of two threads, which would meet
    at a barrier in every operation instead of once a step.
    """
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("MASTER_PORT", "29511")
    torch.multiprocessing.spawn(_enter, (main, arguments), nprocs=PROCESSES)


def _enter(rank, main, arguments):
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", rank=rank, world_size=PROCESSES)
    torch.manual_seed(0)  # the same first weights in both; each draws its own pictures
    main(rank, *arguments)
    distributed.destroy_process_group()


class Run:
    """A training run that ends after a time budget and goes on where it broke off.

    The learning rate follows the elapsed training time, not the step: on a busy machine the
    run still ends on time with its rate at the bottom.
    """

    def __init__(self, rank, name, modules, optimizers, minutes, rate=1):
        self.rank, self.path = rank, RUNS / f"{name}.pt"
        self.modules, self.optimizers, self.budget = modules, optimizers, minutes * 60
        self.rates = [rate * o.param_groups[0]["lr"] for o in optimizers]
        self.parameters = [p for m in modules.values() for p in m.parameters()]
        self.elapsed, self.step = 0.0, 0
        self.average = {k: copy.deepcopy(m).eval().requires_grad_(False) for k, m in modules.items()}
        RUNS.mkdir(exist_ok=True)
        if self.path.exists():
            self._load()
        self._last = time.monotonic()
        self._saved = self.elapsed

    @property
    def progress(self):
        return min(self.elapsed / self.budget, 1.0)

    def running(self):
        """Saves now and then, and at the end; False when the budget is spent."""
        done = self.progress >= 1
        if self.rank == 0 and (done or self.elapsed - self._saved > SAVE_EVERY):
            self._save()
            self._saved = self.elapsed
        return not done

    def update(self, loss):
        """One step of all processes together: mean gradient, optimizers, averaged weights."""
        loss.backward()
        for p in self.parameters:
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        now = time.monotonic()
        # The first process's clock travels with the gradients, so that all stop at one step.
        clock = torch.tensor([(now - self._last) * PROCESSES if self.rank == 0 else 0.0])
        self._last = now
        flat = torch.cat([p.grad.flatten() for p in self.parameters] + [clock])
        distributed.all_reduce(flat)
        flat /= PROCESSES
        self.elapsed += flat[-1].item()
        gradient = flat[:-1]
        gradient *= min(1.0, 1.0 / (gradient.norm().item() + 1e-6))
        offset = 0
        for p in self.parameters:
            p.grad.copy_(gradient[offset : offset + p.numel()].view_as(p))
            offset += p.numel()
        scale = min(1.0, (self.step + 1) / 100) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * self.progress)))
        for optimizer, rate in zip(self.optimizers, self.rates):
            optimizer.param_groups[0]["lr"] = rate * scale
            optimizer.step()
            optimizer.zero_grad()
        self.step += 1
        decay = min(0.998, (1 + self.step) / (10 + self.step))
        averaged = [p for m in self.average.values() for p in m.parameters()]
        with torch.no_grad():
            torch._foreach_lerp_(averaged, self.parameters, 1 - decay)

    def _save(self):
        state = {
            "modules": {k: m.state_dict() for k, m in self.modules.items()},
            "average": {k: m.state_dict() for k, m in self.average.items()},
            "optimizers": [o.state_dict() for o in self.optimizers],
            "elapsed": self.elapsed,
            "step": self.step,
        }
        partial = self.path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.path)  # a run killed while saving keeps its last checkpoint

    def _load(self):
        state = torch.load(self.path, map_location="cpu", weights_only=True)
        for key, module in self.modules.items():
            module.load_state_dict(state["modules"][key])
            self.average[key].load_state_dict(state["average"][key])
        for optimizer, saved in zip(self.optimizers, state["optimizers"]):
            optimizer.load_state_dict(saved)
        self.elapsed, self.step = state["elapsed"], state["step"]


def averaged(name, modules):
    """Loads a run's averaged weights into the modules."""
    state = torch.load(RUNS / f"{name}.pt", map_location="cpu", weights_only=True)
    for key, module in modules.items():
        module.load_state_dict(state["average"][key])
        module.eval().requires_grad_(False)
