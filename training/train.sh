#!/bin/sh
# Everything that is learnt, in order. Start it again after a break: finished parts end at once.
set -e
cd "$(dirname "$0")"
python train_vae.py --minutes "${VAE_MINUTES:-31}"
[ -f data/latents-1.npz ] || python make_latents.py --versions 2
python train_unet.py refiner --minutes "${REFINER_MINUTES:-20}"
python train_unet.py base --minutes "${BASE_MINUTES:-10}"
