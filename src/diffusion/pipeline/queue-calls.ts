/** Rules to merge several jobs' calls of each network (onnx/runtime/call-queue.ts). */
import { CLIP } from '../../models/networks/clip-text-encoder.js';
import { UNET } from '../../models/networks/unet.js';
import { VAE_DECODER, VAE_ENCODER } from '../../models/networks/vae.js';
import type { CallQueue, MergeRules } from '../../onnx/runtime/call-queue.js';
import { LATENT_SCALE } from '../../records/picture.js';
import type { TextEncoder } from '../text/encode-prompt.js';
import type { Unet } from '../unet/predict-noise.js';
import type { Autoencoder } from '../vae/autoencoder.js';
import { mapEncoderSessions, mapUnetSessions } from './map-sessions.js';

/** Most batch entries that CUDA's group normalization supports (group_norm_impl.cu). */
const MOST_ENTRIES = 32;
/** One picture of this size fills a GPU and needs 5 GB in the VAE: only smaller ones share a call. */
const VAE_PIXELS = 1024 ** 2;

const { sample, timestep, prompt, addition, deepFeatures } = UNET;

const UNET_RULES: MergeRules = {
  /* Adapter weights and FreeU's inputs are shared; cached keys and values have one row for each token. */
  stacked: (input) =>
    [sample, timestep, prompt, addition, deepFeatures].includes(input as never) || /\.to_[kv]$/.test(input),
  limit: () => MOST_ENTRIES,
};

const CLIP_RULES: MergeRules = {
  stacked: [CLIP.ids, CLIP.tokenMask, CLIP.embeddingVectors, CLIP.attentionMask],
  indices: { [CLIP.endOfText]: CLIP.ids },
};

/** @param input [B,C,H,W] @param scale picture pixels per row or column of the input */
const vaeRules = (input: string, scale: number): MergeRules => ({
  stacked: [input],
  limit: ({ [input]: feed }) => {
    const [, , height = 1, width = 1] = feed?.dims ?? [];
    return VAE_PIXELS / (height * width * scale ** 2);
  },
});

export const queueUnet = (unet: Unet, queue: CallQueue): Unet => {
  /* An ONNX export has different inputs. */
  const rules = unet.feeds === undefined ? UNET_RULES : null;
  return mapUnetSessions(unet, (session) => queue.queued(session, rules));
};

export const queueTextEncoder = (encoder: TextEncoder, queue: CallQueue): TextEncoder => {
  const rules = encoder.extended === undefined ? null : CLIP_RULES;
  return mapEncoderSessions(encoder, (session) => queue.queued(session, rules));
};

export const queueVae = (vae: Autoencoder, queue: CallQueue): Autoencoder => {
  const { encoder, decoder, rowStrips } = vae;
  return {
    ...vae,
    encoder: queue.queued(encoder, rowStrips === null ? null : vaeRules(VAE_ENCODER.image, 1)),
    decoder: queue.queued(decoder, rowStrips === null ? null : vaeRules(VAE_DECODER.latents, LATENT_SCALE)),
    ...(rowStrips === null
      ? {}
      : {
          rowStrips: {
            ...rowStrips,
            open: async (name, write) => queue.queued(await rowStrips.open(name, write), null),
          },
        }),
  };
};
