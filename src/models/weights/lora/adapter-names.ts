/**
 * Parses tensor names of adapter files: model component, layer and role. Pure. Names follow kohya-ss/sd-scripts
 * (networks/lora.py), LyCORIS, PEFT and diffusers 0.42 (loaders/lora_conversion_utils.py).
 */
import { unetName } from '../discovery/checkpoint-names.js';

/** A model component in adapter names. `onlyTextEncoder`: of a model with one text encoder. */
export type AdapterPart = 'unet' | 'textEncoder' | 'textEncoder2' | 'onlyTextEncoder';
export type AdapterRole = 'down' | 'mid' | 'up' | 'alpha' | 'magnitude';

export interface AdapterKey {
  part: AdapterPart;
  /** Layer name with `_` as separator, as kohya writes it. */
  layer: string;
  role: AdapterRole;
}

/** The first match decides. */
const PARTS: readonly (readonly [prefix: RegExp, part: AdapterPart])[] = [
  [/^lora_unet_/, 'unet'],
  [/^lora_te1_/, 'textEncoder'],
  [/^lora_te2_/, 'textEncoder2'],
  [/^lora_te_/, 'onlyTextEncoder'],
  [/^text_encoder\./, 'textEncoder'],
  [/^text_encoder_2\./, 'textEncoder2'],
  [/^(base_model\.model\.)?(unet|(model\.)?diffusion_model)\./, 'unet'],
  [/^base_model\.model\./, 'unet'],
  [/^(?=(down_blocks|mid_block|up_blocks|input_blocks|middle_block|output_blocks)\.)/, 'unet'],
];

const ROLES: readonly (readonly [ending: RegExp, role: AdapterRole])[] = [
  [/(\.lora_(down|A)(\.default)?|[._]lora(_linear_layer)?\.down)\.weight$/, 'down'],
  [/(\.lora_(up|B)(\.default)?|[._]lora(_linear_layer)?\.up)\.weight$/, 'up'],
  [/\.lora_mid\.weight$/, 'mid'],
  [/\.alpha$/, 'alpha'],
  [/\.(dora_scale|lora_magnitude_vector(\.default)?(\.weight)?)$/, 'magnitude'],
];

/** null: not a LoRA key for a model of the Stable Diffusion family. */
export const readAdapterKey = (key: string): AdapterKey | null => {
  const part = PARTS.find(([prefix]) => prefix.test(key));
  const role = ROLES.find(([ending]) => ending.test(key));
  if (part === undefined || role === undefined) return null;
  const layer = key
    .replace(part[0], '')
    /* diffusers before 0.22 names attention's output projection without its list index. */
    .replace('.to_out_lora.', '.to_out.0_lora.')
    .replace('.processor.', '.')
    .replace(role[0], '');
  return { part: part[1], layer: underscored(layer), role: role[1] };
};

const underscored = (name: string): string => name.replaceAll('.', '_');

/**
 * Finds a component's layers by every spelling of adapters.
 * @param modules layer names of diffusers and transformers
 */
export const adapterLayers = (modules: Iterable<string>): ((layer: string) => string | undefined) => {
  const names = [...modules];
  /* transformers 5 omits the prefix. */
  const known = new Map(names.map((name) => [withoutModel(underscored(name)), name]));
  const stride = new Set(names.map((name) => /^up_blocks\.0\.resnets\.(\d+)\./.exec(name)?.[1])).size - 1;
  return (layer) => known.get(withoutModel(layer)) ?? known.get(fromStability(layer, stride));
};

const withoutModel = (layer: string): string => layer.replace(/^text_model_/, '');

/** `input_blocks_4_1_proj_in`, in the numbering of one-file checkpoints, to `down_blocks_1_attentions_0_proj_in`. */
const fromStability = (layer: string, stride: number): string => {
  const dotted = layer.replace(/_(\d+)(?=_|$)/g, '.$1').replace(/(\.\d+)_/g, '$1.');
  return underscored(unetName(`${dotted}.weight`, stride).replace(/\.weight$/, ''));
};
