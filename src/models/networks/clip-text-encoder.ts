/** CLIP's text encoder as SDXL uses it (transformers models/clip/modeling_clip.py): penultimate hidden states and pooled embedding. */
import type { PlainValue, Value } from '../../onnx/graph/onnx/value.js';
import type { AttentionOptions } from '../../onnx/graph/operators/operators.js';
import type { ClipConfig } from './clip-config.js';
import { layerNorm, tokenLinear } from './layers.js';
import type { LayerScope } from './layer-scope.js';

export { MASKED_SCORE } from '../../onnx/graph/operators/standard-operators.js';

export const CLIP = {
  /** int64 [B·positions] */
  ids: 'input_ids',
  /** int64 [B]: indices of the end-of-text tokens in `ids`. Only if the encoder has a projection. */
  endOfText: 'end_of_text',
  /** f32 [B,positions,width]: the input of the last layer. */
  hidden: 'hidden_states',
  /** f32 [B,projection] */
  pooled: 'pooled',
  /** Extended network only: f32 [B·positions,1], 1 for a token of the vocabulary, 0 for a textual inversion. */
  tokenMask: 'token_mask',
  /** Extended network only: f32 [B·positions,width], vectors of textual inversions, else 0. */
  embeddingVectors: 'vectors',
  /** Extended network only: f32 [B,1,1,positions], added to the attention scores of every token. */
  attentionMask: 'attention_mask',
} as const;

/** @param isExtended with inputs for textual inversions and an attention mask */
export const writeClipTextEncoder = (root: LayerScope, config: ClipConfig, isExtended = false): void => {
  const { ops } = root;
  const { graph } = ops;
  const { width, positions, layers, epsilon } = config;
  /* transformers 5 omits the prefix for an encoder without projection. */
  const scope = root.has('text_model.final_layer_norm.weight') ? root.at('text_model') : root;
  const ids = graph.input(CLIP.ids, 'I64', ['tokens']);

  // 1. Token and position embeddings.
  const table = scope.at('embeddings').tensor('token_embedding.weight', [config.vocabulary, width]);
  const positionTable = scope.at('embeddings').weight('position_embedding.weight', [positions, width]);
  const vocabularyVectors = ops.embedding(table.name, table.source, ids);
  const vectors = isExtended
    ? ops.add(
        ops.multiply(vocabularyVectors, ops.tensorInput(CLIP.tokenMask, ['tokens', 1])),
        ops.tensorInput(CLIP.embeddingVectors, ['tokens', width]),
      )
    : vocabularyVectors;
  const attentionMask = isExtended ? ops.tensorInput(CLIP.attentionMask, ['batch', 1, 1, positions]) : undefined;
  const embedded = graph.node('Reshape', [vectors, graph.integers([-1, positions, width])]);
  const positioned = ops.add(embedded, positionTable);
  const batch = ops.batchSize(positioned);
  let tokens: Value = graph.node('Reshape', [positioned, graph.integers([-1, width])]);

  // 2. All layers but the last.
  const layer = (index: number, x: Value): Value =>
    encoderLayer(scope.at('encoder.layers').at(index), x, config, { batch, attentionMask });
  for (let index = 0; index < layers - 1; index++) tokens = layer(index, tokens);
  const hidden = graph.node('Reshape', [tokens, graph.integers([-1, positions, width])]);
  ops.tensorOutput(hidden, CLIP.hidden, ['batch', positions, width]);
  if (config.projection === null) return;

  // 3. The last layer: its output at the end-of-text token is the pooled embedding.
  const ends = graph.input(CLIP.endOfText, 'I64', ['batch']);
  const last = graph.node('Gather', [layer(layers - 1, tokens), ends], { axis: 0 });
  const normalized = layerNorm(scope.at('final_layer_norm'), last, width, epsilon);
  const pooled = ops.linear(normalized, projectionOf(root, [width, config.projection]), null);
  ops.tensorOutput(pooled, CLIP.pooled, ['batch', config.projection]);
};

/**
 * The text projection [projection,width]. OpenCLIP's files have it transposed, under another name. It is transposed back in
 * three dimensions: ONNX Runtime fuses a two-dimensional transpose into the matrix multiplication, which then sums in another
 * order. This way both files give the same numbers.
 */
const projectionOf = (root: LayerScope, [width, projection]: readonly [number, number]): PlainValue => {
  if (root.has('text_projection.weight')) return root.at('text_projection').weight('weight', [projection, width]);
  const { graph } = root.ops;
  const stored = root.weight('text_projection', [width, projection]);
  const transposed = graph.node('Transpose', [graph.node('Reshape', [stored, graph.integers([1, width, projection])])], {
    perm: [0, 2, 1],
  });
  return graph.node('Reshape', [transposed, graph.integers([projection, width])]);
};

const encoderLayer = (
  at: LayerScope,
  x: Value,
  config: ClipConfig,
  attentionInputs: Pick<AttentionOptions, 'batch' | 'attentionMask'>,
): Value => {
  const { width, intermediate, heads, epsilon } = config;
  const { ops } = at;
  const normalized = layerNorm(at.at('layer_norm1'), x, width, epsilon);
  const project = (name: string): Value => tokenLinear(at.at('self_attn').at(name), normalized, [width, width]);
  const options = { channels: width, heads, causal: true, ...attentionInputs };
  const attended = ops.attention(project('q_proj'), project('k_proj'), project('v_proj'), options);
  const hidden = ops.add(tokenLinear(at.at('self_attn.out_proj'), attended, [width, width]), x);
  const mlpInput = layerNorm(at.at('layer_norm2'), hidden, width, epsilon);
  const expanded = tokenLinear(at.at('mlp.fc1'), mlpInput, [width, intermediate]);
  const activated = config.activation === 'gelu' ? ops.gelu(expanded) : ops.quickGelu(expanded);
  return ops.add(tokenLinear(at.at('mlp.fc2'), activated, [intermediate, width]), hidden);
};
