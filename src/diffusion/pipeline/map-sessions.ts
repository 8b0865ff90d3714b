/** Changes every session of a component in the same way: those that are open, and those that open at their first use. */
import type { Session } from '../../onnx/runtime/session.js';
import type { TextEncoder } from '../text/encode-prompt.js';
import { CrossAttentionCache } from '../unet/cross-attention-cache.js';
import type { Unet } from '../unet/predict-noise.js';

type Change = (session: Session) => Session;

/** One session is changed once, so that jobs that share it share the changed one too. */
const oncePerSession = (change: Change): Change => {
  const changed = new WeakMap<Session, Session>();
  return (session) => {
    const known = changed.get(session) ?? change(session);
    changed.set(session, known);
    return known;
  };
};

/** The new UNet has an empty cache of cross-attention keys and values. */
export const mapUnetSessions = (unet: Unet, change: Change): Unet => {
  const { session, crossAttentionCache, openForm } = unet;
  const changeOnce = oncePerSession(change);
  return {
    ...unet,
    session: change(session),
    ...(crossAttentionCache === undefined
      ? {}
      : {
          crossAttentionCache: new CrossAttentionCache(change(crossAttentionCache.session), crossAttentionCache.jobs),
        }),
    ...(openForm === undefined ? {} : { openForm: async (form) => changeOnce(await openForm(form)) }),
  };
};

export const mapEncoderSessions = (encoder: TextEncoder, change: Change): TextEncoder => {
  const { session, extended } = encoder;
  const changeOnce = oncePerSession(change);
  return {
    ...encoder,
    session: change(session),
    ...(extended === undefined ? {} : { extended: async () => changeOnce(await extended()) }),
  };
};
