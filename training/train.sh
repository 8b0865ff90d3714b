#!/bin/sh
# Everything that the UNets learn, in order, on a CPU. Start it again after a break: finished parts end at once. On a machine
# with a GPU: DEVICE=cuda SECONDS_EACH=300 sh train.sh; without a network: pack.py and remote.sh.
set -e
cd "$(dirname "$0")"
device=${DEVICE:-cpu}; seconds=${SECONDS_EACH:-5400}
[ -f data/latents.npz ] || python make_latents.py --device "$device" --versions "${VERSIONS:-3}"
python train_unet.py refiner --device "$device" --seconds "$seconds" & refiner=$!
python train_unet.py base --device "$device" --seconds "$seconds"
wait $refiner
