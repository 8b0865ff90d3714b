/** Changes every session of a component in the same way: those that are open, and those that open at their first use. */
import type { Session } from '../../onnx/runtime/session.js';
import type { TextEncoder } from '../text/encode-prompt.js';
import { CrossAttentionCache } from '../unet/cross-attention-cache.js';
import type { Unet } from '../unet/predict-noise.js';

type Change = (session: Session) => Session;

/** The new UNet has an empty cache of cross-attention keys and values. */
export const mapUnetSessions = (unet: Unet, change: Change): Unet => {
  const { session, crossAttentionCache, openFreeU } = unet;
  return {
    ...unet,
    session: change(session),
    ...(crossAttentionCache === undefined
      ? {}
      : { crossAttentionCache: new CrossAttentionCache(change(crossAttentionCache.session)) }),
    ...(openFreeU === undefined ? {} : { openFreeU: async () => change(await openFreeU()) }),
  };
};

export const mapEncoderSessions = (encoder: TextEncoder, change: Change): TextEncoder => {
  const { session, extended } = encoder;
  return {
    ...encoder,
    session: change(session),
    ...(extended === undefined ? {} : { extended: async () => change(await extended()) }),
  };
};
