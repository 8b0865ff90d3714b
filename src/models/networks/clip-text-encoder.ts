/** CLIP's text encoder as SDXL uses it (transformers models/clip/modeling_clip.py): the last layer but one, and the pooled embedding. */
import type { Value } from '../../onnx/graph/onnx/graph-builder.js';
import type { AttentionOptions } from '../../onnx/graph/operators/operators.js';
import type { ClipConfig } from './clip-config.js';
import { layerNorm, tokenLinear } from './layers.js';
import type { LayerScope } from './layer-scope.js';

export const CLIP = {
  /** int64 [B·positions] */
  ids: 'input_ids',
  /** int64 [B]: places of the end of text in `ids`. Only where the encoder has a projection. */
  endOfText: 'end_of_text',
  /** f32 [B,positions,width]: what the last layer would be given. */
  hidden: 'hidden_states',
  /** f32 [B,projection] */
  pooled: 'pooled',
  /** Of the extended network: f32 [B·positions,1], 1 where the id's own row of the token embedding stands, else 0. */
  kept: 'kept',
  /** Of the extended network: f32 [B·positions,width], what is added to it. */
  vectors: 'vectors',
  /** Of the extended network: f32 [B,1,1,positions], added to every token's attention to a place. */
  unseen: 'unseen',
} as const;

/** @param isExtended takes vectors in place of ids, and places that nobody looks at */
export const writeClipTextEncoder = (root: LayerScope, config: ClipConfig, isExtended = false): void => {
  const { ops } = root;
  const { graph } = ops;
  const { width, positions, layers, epsilon } = config;
  /* transformers 5 saves an encoder without projection without the prefix. */
  const scope = root.has('text_model.final_layer_norm.weight') ? root.at('text_model') : root;
  const ids = graph.input(CLIP.ids, 'I64', ['tokens']);

  // 1. Tokens and their places.
  const table = scope.at('embeddings').tensor('token_embedding.weight', [config.vocabulary, width]);
  const place = scope.at('embeddings').weight('position_embedding.weight', [positions, width]);
  const own = ops.embedding(table.name, table.source, ids);
  const chosen = isExtended
    ? ops.add(ops.multiply(own, ops.rowsIn(CLIP.kept, ['tokens', 1])), ops.rowsIn(CLIP.vectors, ['tokens', width]))
    : own;
  const unseen = isExtended ? ops.rowsIn(CLIP.unseen, ['batch', 1, 1, positions]) : undefined;
  const embedded = graph.node('Reshape', [chosen, graph.integers([-1, positions, width])]);
  const placed = ops.add(embedded, place);
  const batch = ops.batchOf(placed);
  let tokens = graph.node('Reshape', [placed, graph.integers([-1, width])]);

  // 2. All layers but the last.
  const layer = (index: number, x: Value): Value =>
    encoderLayer(scope.at('encoder.layers').at(index), x, config, { batch, unseen });
  for (let index = 0; index < layers - 1; index++) tokens = layer(index, tokens);
  const hidden = graph.node('Reshape', [tokens, graph.integers([-1, positions, width])]);
  ops.rowsOut(hidden, CLIP.hidden, ['batch', positions, width]);
  if (config.projection === null) return;

  // 3. The last layer, whose place at the end of text is the whole prompt's embedding.
  const ends = graph.input(CLIP.endOfText, 'I64', ['batch']);
  const last = graph.node('Gather', [layer(layers - 1, tokens), ends], { axis: 0 });
  const normal = layerNorm(scope.at('final_layer_norm'), last, width, epsilon);
  const pooled = ops.linear(normal, projectionOf(root, [width, config.projection]), null);
  ops.rowsOut(pooled, CLIP.pooled, ['batch', config.projection]);
};

/**
 * [projection,width]. OpenCLIP's files hold it transposed, under a name of its own. It is turned with one dimension more,
 * since ONNX Runtime makes a plain transpose part of the product, whose sums then come in another order: this way every
 * layout gives the same numbers.
 */
const projectionOf = (root: LayerScope, [width, projection]: readonly [number, number]): Value => {
  if (root.has('text_projection.weight')) return root.at('text_projection').weight('weight', [projection, width]);
  const { graph } = root.ops;
  const stored = root.weight('text_projection', [width, projection]);
  const turned = graph.node('Transpose', [graph.node('Reshape', [stored, graph.integers([1, width, projection])])], {
    perm: [0, 2, 1],
  });
  return graph.node('Reshape', [turned, graph.integers([projection, width])]);
};

const encoderLayer = (
  at: LayerScope,
  x: Value,
  config: ClipConfig,
  given: Pick<AttentionOptions, 'batch' | 'unseen'>,
): Value => {
  const { width, inner, heads, epsilon } = config;
  const { ops } = at;
  const normal = layerNorm(at.at('layer_norm1'), x, width, epsilon);
  const project = (name: string): Value => tokenLinear(at.at('self_attn').at(name), normal, [width, width]);
  const options = { channels: width, heads, causal: true, ...given };
  const attended = ops.attention(project('q_proj'), project('k_proj'), project('v_proj'), options);
  const looked = ops.add(tokenLinear(at.at('self_attn.out_proj'), attended, [width, width]), x);
  const wide = tokenLinear(at.at('mlp.fc1'), layerNorm(at.at('layer_norm2'), looked, width, epsilon), [width, inner]);
  const active = config.activation === 'gelu' ? ops.gelu(wide) : ops.quickGelu(wide);
  return ops.add(tokenLinear(at.at('mlp.fc2'), active, [inner, width]), looked);
};
