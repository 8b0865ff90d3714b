"""The UNets' training loop: one process and device, a time budget, checkpoints, averaged weights.

On a GPU such small networks wait for Python more than for the device. There the whole step, from drawing the batch to
the optimizers, is recorded once as a CUDA graph and then replayed. If recording fails, the program starts itself again
without it.
"""

import copy
import math
import os
import signal
import sys
import time

import torch
from safetensors.torch import save_file

from muon import optimizers
from runs import RUNS

AVERAGE_EVERY = 4  # steps
REPORT_EVERY = 5  # seconds
EDGES = ("embed", "conv_in", "conv_out")  # trained with AdamW, not Muon


class Loop:
    """Trains until `seconds` of training are spent, in all sittings together, and goes on where it broke off."""

    def __init__(self, name, modules, device, seconds, rate=1, save_every=60):
        self.name, self.modules, self.device, self.budget, self.save_every = name, modules, device, seconds, save_every
        self.parameters = [p for m in modules.values() for p in m.parameters()]
        self.average = {k: copy.deepcopy(m).eval().requires_grad_(False) for k, m in modules.items()}
        self.optimizers = optimizers(modules, lambda key: any(edge in key for edge in EDGES), capturable=device == "cuda")
        self.rates = [rate * o.param_groups[0]["lr"] for o in self.optimizers]
        self.elapsed, self.step, self.stopped, self.graphs = 0.0, 0, False, {}
        self.path = RUNS / f"{name}.pt"
        RUNS.mkdir(exist_ok=True)
        if self.path.exists():
            self._load()
        if device == "cuda":  # a number would be frozen into the graph
            for optimizer in self.optimizers:
                optimizer.param_groups[0]["lr"] = torch.zeros((), device=device)
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, *_):
        self.stopped = True

    @property
    def progress(self):
        return min(self.elapsed / self.budget, 1.0)

    def _one_step(self, losses_of):
        """losses_of() gives a tensor of losses; the first is the one to minimize."""
        for p in self.parameters:
            p.grad = None
        losses = losses_of()
        losses[0].backward()
        torch.nn.utils.clip_grad_norm_([p for p in self.parameters if p.grad is not None], 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        return losses.detach()

    def _record(self, losses_of):
        self._set_rates()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self._one_step(losses_of)
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.synchronize()
        for p in self.parameters:
            p.grad = None
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            losses = self._one_step(losses_of)
        graph.replay()
        torch.cuda.synchronize()
        return graph, losses

    def record(self, phases):
        """Records each phase's step (name: losses_of) where that is possible."""
        if self.device != "cuda" or "--eager" in sys.argv:
            print(f"{self.name}: every step runs eagerly on {self.device}", flush=True)
            return
        started = time.monotonic()
        try:
            self.graphs = {name: self._record(losses_of) for name, losses_of in phases.items()}
            print(f"{self.name}: CUDA graphs recorded in {time.monotonic() - started:.1f} s", flush=True)
        except Exception as error:  # whatever it was: the device's state is unknown now
            print(f"{self.name}: no CUDA graph ({type(error).__name__}: {str(error)[:600]}); starting again without", flush=True)
            os.execv(sys.executable, [sys.executable, *sys.argv, "--eager"])

    def run(self, phases, phase_at):
        """Trains; phase_at(progress) names the phase of each step."""
        self.record(phases)
        last = reported = time.monotonic()
        saved, sums, count = self.elapsed, None, 0
        while self.progress < 1 and not self.stopped:
            self._set_rates()
            phase = phase_at(self.progress)
            if phase in self.graphs:
                graph, losses = self.graphs[phase]
                graph.replay()
            else:
                losses = self._one_step(phases[phase])
            self.step += 1
            sums = losses.clone() if sums is None or len(sums) != len(losses) else sums + losses
            count += 1
            if self.step % AVERAGE_EVERY == 0:
                self._update_average()
                if self.device == "cuda":  # so that the clock is the device's and the queue stays short
                    torch.cuda.synchronize()
            now = time.monotonic()
            self.elapsed += now - last
            last = now
            if now - reported > REPORT_EVERY:
                shown = " ".join(f"{v:.4f}" for v in (sums / count).tolist())
                print(f"{self.name} step {self.step} {self.elapsed:.0f}s {phase} loss {shown} ({count / (now - reported):.1f} steps/s)", flush=True)
                reported, sums, count = now, None, 0
            if self.elapsed - saved > self.save_every:
                self.save()
                saved, last = self.elapsed, time.monotonic()
        self.save()
        print(f"{self.name}: {'stopped' if self.stopped else 'done'} at step {self.step}, {self.elapsed:.0f} s", flush=True)

    def _set_rates(self):
        # By the elapsed time: on a busy machine the run still ends on time with its rate at the bottom.
        scale = min(1.0, (self.step + 1) / 200) * (0.005 + 0.995 * 0.5 * (1 + math.cos(math.pi * self.progress)))
        for optimizer, rate in zip(self.optimizers, self.rates):
            group = optimizer.param_groups[0]
            if self.device == "cuda":
                group["lr"].fill_(rate * scale)
            else:
                group["lr"] = rate * scale

    @torch.no_grad()
    def _update_average(self):
        decay = min(0.9985, (1 + self.step) / (20 + self.step)) ** AVERAGE_EVERY
        averaged = [p for m in self.average.values() for p in m.parameters()]
        torch._foreach_lerp_(averaged, self.parameters, 1 - decay)

    def save(self):
        """The state to go on from, and beside it the averaged weights alone, in float16."""
        optimizers_ = [o.state_dict()["state"] for o in self.optimizers]
        state = {
            "modules": {k: m.state_dict() for k, m in self.modules.items()},
            "average": {k: m.state_dict() for k, m in self.average.items()},
            "optimizers": optimizers_,
            "elapsed": self.elapsed,
            "step": self.step,
        }
        partial = self.path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.path)  # a run killed while saving keeps its last checkpoint
        weights = {f"{k}.{key}": v.half().cpu().contiguous() for k, m in self.average.items() for key, v in m.state_dict().items()}
        save_file(weights, partial, {"step": str(self.step), "seconds": f"{self.elapsed:.0f}"})
        partial.replace(self.path.with_suffix(".safetensors"))

    def _load(self):
        state = torch.load(self.path, map_location=self.device, weights_only=True)
        for key, module in self.modules.items():
            module.load_state_dict(state["modules"][key])
            self.average[key].load_state_dict(state["average"][key])
        for optimizer, saved in zip(self.optimizers, state["optimizers"]):
            optimizer.load_state_dict({"state": saved, "param_groups": optimizer.state_dict()["param_groups"]})
        self.elapsed, self.step = state["elapsed"], state["step"]
        print(f"{self.name}: goes on from step {self.step}, {self.elapsed:.0f} s", flush=True)
