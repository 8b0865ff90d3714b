"""A peer in a process of its own: one JSON object a line in, one a line out, for bench/full-size/bench.mjs.

    python serve.py <peer> <model folder> <work folder>

Operations: prepare, open, text, unet, encode, decode, pictures. Each answers {"seconds": ...}, with more facts, or {"error": ...}.
An operation's own "seconds" replace those measured here.
"""

import importlib
import json
import os
import sys
import time

replies = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print must not mix with the replies

PEERS = {
    "diffusers": ("diffusers_peer", "Eager"),
    "diffusers-bf16": ("diffusers_peer", "Bfloat16"),
    "torch-compile": ("diffusers_peer", "Compiled"),
    "diffusers-cuda": ("cuda_peer", "CudaEager"),
    "torch-compile-cuda": ("cuda_peer", "CudaCompiled"),
    "openvino": ("openvino_peer", "OpenVino"),
    "openvino-default": ("openvino_peer", "OpenVinoDefault"),
    "openvino-int8": ("openvino_peer", "OpenVinoInt8"),
    "optimum-onnx": ("optimum_peer", "OptimumOnnx"),
    "stable-diffusion.cpp": ("sdcpp_peer", "StableDiffusionCpp"),
}


def open_peer(name, model, work):
    module, kind = PEERS[name]
    return getattr(importlib.import_module(module), kind)(model, work)


def main():
    peer = None
    for line in sys.stdin:
        request = json.loads(line)
        operation = request.pop("op")
        start = time.perf_counter()
        try:
            peer = peer or open_peer(*sys.argv[1:4])
            facts = getattr(peer, operation)(**request) or {}
            getattr(peer, "synchronize", lambda: None)()
            reply = {"seconds": time.perf_counter() - start, **facts}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"[:600]}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


main()
