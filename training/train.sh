#!/bin/sh
# Everything that is learnt, in order. Start it again after a break: finished parts end at once.
set -e
cd "$(dirname "$0")"
python train_vae.py --minutes "${VAE_MINUTES:-31}"
[ -f data/latents-1.npz ] || python make_latents.py --versions 2
python train_unet.py refiner --minutes "${REFINER_MINUTES:-18}"
python train_unet.py base --minutes "${BASE_MINUTES:-9}"
# Once more from these weights, with a better loss for the autoencoder: what is published.
python train_vae.py --finish --minutes "${VAE_FINISH_MINUTES:-34}"
[ -f data/finished-latents-1.npz ] || python make_latents.py --finish --versions 2
python train_unet.py refiner --finish --minutes "${REFINER_FINISH_MINUTES:-36}"
python train_unet.py base --finish --minutes "${BASE_FINISH_MINUTES:-11}"
