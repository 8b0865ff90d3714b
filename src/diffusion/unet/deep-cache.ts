/**
 * DeepCache (Ma et al. 2023, arXiv:2312.00858): most of a UNet's work is below its finest level, and the features from there change
 * little from one step to the next. One step in `interval` computes the whole network; those after it reuse its deep features.
 */
import { UNET } from '../../models/networks/unet.js';
import type { Session } from '../../onnx/runtime/session.js';
import type { Tensor } from '../../tensor/tensor.js';
import { callUnet, type Condition, type Unet } from './predict-noise.js';

export interface DeepCacheOptions {
  /** Steps from one whole network to the next; at least 2. */
  interval: number;
  /** UNet calls in a step. All calls of a step are alike: a second-order step takes the difference of two. */
  order: number;
  /** The whole network, which outputs its deep features. */
  whole: Session;
  /** The finest layers alone, which take them as an input. */
  shallow: Session;
}

/** The deep features of one picture. */
export class DeepCache {
  /** Of the interval that `#features` are from. */
  #interval = -1;
  readonly #features = new Map<Condition, Tensor>();

  constructor(private readonly options: DeepCacheOptions) {}

  /**
   * As `predictNoise`. A condition without features in this interval computes the whole network: where guidance ends, or where the
   * prompt changes.
   * @param call number of the UNet's call in this run, from 0
   */
  async predict(
    unet: Unet,
    sample: Tensor,
    { timestep, condition, call }: { timestep: number; condition: Condition; call: number },
  ): Promise<{ prediction: Tensor; isCached: boolean }> {
    const { order, whole, shallow } = this.options;
    const features = this.#featuresOf(condition, Math.floor(call / order));
    if (features !== undefined) {
      const inputs = { [UNET.deepFeatures]: features };
      const options = { timestep, condition, inputs, outputs: [UNET.prediction] };
      const outputs = await callUnet({ ...unet, session: shallow }, sample, options);
      return { prediction: outputs[UNET.prediction] as Tensor, isCached: true };
    }
    const options = { timestep, condition, outputs: [UNET.prediction, UNET.deepFeatures] };
    const outputs = await callUnet({ ...unet, session: whole }, sample, options);
    this.#features.set(condition, outputs[UNET.deepFeatures] as Tensor);
    return { prediction: outputs[UNET.prediction] as Tensor, isCached: false };
  }

  /** undefined: the call computes the whole network. */
  #featuresOf(condition: Condition, step: number): Tensor | undefined {
    const interval = Math.floor(step / this.options.interval);
    if (interval !== this.#interval) this.#features.clear();
    this.#interval = interval;
    return step % this.options.interval === 0 ? undefined : this.#features.get(condition);
  }
}
