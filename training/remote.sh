#!/bin/bash
# Trains both models on a machine with a GPU and no network, from what pack.py packed. usage: remote.sh SECONDS [VERSIONS]
# Everything that is learnt is copied to $OUT every half minute, so that a run cut short leaves its newest weights there.
set -uo pipefail
cd "$(dirname "$0")"
seconds=${1:-300}; versions=${2:-8}; device=${DEVICE:-cuda}; out=${OUT:-/tmp/train-out}; python=${PYTHON:-python3}
export PYTHONPATH="$PWD/../site" HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1 PYTHONUNBUFFERED=1 TOKENIZERS_PARALLELISM=false
export OMP_NUM_THREADS=2 PYTHONWARNINGS=ignore
mkdir -p "$out" runs; began=$(date +%s)
say() { echo "== $* ($(($(date +%s) - began)) s)"; }
fail() { echo "FAILED: $*"; exit 1; }
$python - <<'E' || fail "unpacking the wheels"
import glob, zipfile
for wheel in glob.glob("../wheels/*.whl"):
    zipfile.ZipFile(wheel).extractall("../site")
E
say check
DEVICE=$device $python - <<'E' || fail "this machine lacks something"
import os, sys
import torch, numpy, PIL, transformers, safetensors
from PIL import features
assert features.check("webp"), "Pillow without WebP"
import diffusers
from diffusers import AutoencoderKL, EulerDiscreteScheduler, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer
print(sys.version.split()[0], "torch", torch.__version__, "transformers", transformers.__version__, "diffusers", diffusers.__version__, "numpy", numpy.__version__)
if os.environ["DEVICE"] == "cuda":
    assert torch.cuda.is_available(), "torch sees no CUDA device"
    print(torch.cuda.get_device_name(), os.cpu_count(), "cores")
    x = torch.randn(512, 512, device="cuda", dtype=torch.bfloat16)
    print("product", float((x @ x).float().std()))
E
say drawings; $python pack.py --unpack || fail "drawings"
say latents; $python make_latents.py --device "$device" --versions "$versions" ${COUNT:+--count $COUNT} || fail "latents"
say train
[ "$device" = cuda ] && nvidia-smi --query-gpu=name,memory.used,utilization.gpu --format=csv,noheader
pids=()
for kind in base refiner; do
  $python train_unet.py $kind --device "$device" --seconds "$seconds" --save-every 30 ${BATCH:+--batch $BATCH} > "runs/$kind.log" 2>&1 &
  pids+=($!)
done
# What bash is asked to end, it passes on: the trainings save and stop.
trap 'kill -TERM "${pids[@]}" 2>/dev/null' TERM INT
keep() { for file in runs/*.safetensors runs/*.log runs/*.png; do [ -f "$file" ] && cp "$file" "$out/$(basename "$file").partial" && mv "$out/$(basename "$file").partial" "$out/$(basename "$file")"; done; }
turn=0
while kill -0 "${pids[@]}" 2>/dev/null || kill -0 "${pids[0]}" 2>/dev/null || kill -0 "${pids[1]}" 2>/dev/null; do
  sleep 5; turn=$((turn + 1))
  if [ $((turn % 6)) = 0 ]; then keep; tail -qn1 runs/base.log runs/refiner.log; fi
done
wait; keep; say trained
for kind in base refiner; do echo "-- $kind"; { head -n4; echo ...; tail -n8; } < "runs/$kind.log" | cut -c1-700; done
say samples; timeout 90 $python samples.py --device "$device" 2>&1 | tee runs/samples.log | tail -n 30
keep; ls -l "$out"; say end
