/** Values in a graph: outputs of nodes, inputs and tensors. The tag gives their memory layout. Types only. */

/** Any input of a node. */
export interface Named {
  readonly name: string;
}

/** Row-major in its dimensions. */
export interface PlainValue extends Named {
  readonly layout: 'plain';
}

/** Tokens [n,features], split into equal chunks. */
export interface ChunkedTokens extends Named {
  readonly layout: 'chunked tokens';
  /** Tokens of a chunk, [1] int64; it divides n. */
  readonly chunkLength: Named;
}

/** Tokens in the NCHWc layout: [n/chunk,features,1,chunk]. */
export interface NchwcTokens extends Named {
  readonly layout: 'nchwc tokens';
  readonly features: number;
  /** [1] int64; null: all tokens are one chunk. */
  readonly chunkLength: Named | null;
}

export type Value = PlainValue | ChunkedTokens | NchwcTokens;
