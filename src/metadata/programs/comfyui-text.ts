/** The prompt at the end of a ComfyUI conditioning link. Pure. */
import { MAX_LINK_DEPTH, MAX_PROMPT_CHARS } from '../limits.js';
import type { Warn } from '../warnings.js';
import { type Graph, type GraphNode, linkOf } from './comfyui-graph.js';

/** Where nodes keep text; `populated_text` is what a wildcard node made of its `text`. */
const TEXT_NAMES = ['populated_text', 'text', 'string', 'value', 'prompt'];
const SIDES = [
  ['text_positive', 'text_negative'],
  ['positive', 'negative'],
] as const;
/** Inputs of nodes that join texts: `string_a`, `text_1`, `text2`. */
const TEXT_PART = /^(text|string|value)_?[a-z\d]$/;
const SEPARATOR = ', ';
const MAX_DELIMITER_CHARS = 20;

/**
 * Follows encoders, combinations, control nets and text nodes upstream, and joins what they hold. Of SDXL's two
 * encoders' texts, equal ones count once. Nodes that this does not know are passed through if they have one link.
 * @param value an input: text, or a link to the node that makes the conditioning
 * @returns null if no text was found, which is not the same as an empty one; null, with a warning, if there is too much
 */
export const textOf = (graph: Graph, value: unknown, warn: Warn): string | null => {
  // Nodes may be used twice, so a graph of a few nodes can stand for more text than there is memory.
  let charsLeft = MAX_PROMPT_CHARS;
  let texts = 0;
  const take = (text: string): string => {
    texts++;
    charsLeft -= text.length;
    return charsLeft < 0 ? '' : text;
  };

  const resolve = (input: unknown, depth: number): string => {
    if (typeof input === 'string') return take(input);
    if (typeof input === 'number') return take(String(input));
    const link = linkOf(graph, input);
    const ends = link === null || depth > MAX_LINK_DEPTH || !graph.visit(link.node);
    return ends ? '' : ofNode(link.node, link.slot, depth + 1);
  };

  const ofNode = ({ type, inputs }: GraphNode, slot: number, depth: number): string => {
    const of = (name: string): string => resolve(inputs.get(name), depth);
    const joined = (names: readonly string[], separator: string): string =>
      names.map(of).filter(Boolean).join(separator);
    const names = [...inputs.keys()];

    if (type === 'ConditioningZeroOut') return take('');
    if (inputs.has('text_g') || inputs.has('text_l')) {
      return [...new Set([of('text_g'), of('text_l')])].filter(Boolean).join(SEPARATOR);
    }
    const literal = TEXT_NAMES.find((name) => inputs.has(name));
    if (literal !== undefined) return of(literal);
    // A node with both sides has the positive one at its first output.
    const sides = SIDES.find((pair) => pair.every((name) => inputs.has(name)));
    if (sides !== undefined) return of(sides[slot === 1 ? 1 : 0]);
    const parts = names.filter((name) => TEXT_PART.test(name));
    const delimiter = inputs.get('delimiter');
    if (parts.length > 0)
      return joined(parts, typeof delimiter === 'string' ? delimiter.slice(0, MAX_DELIMITER_CHARS) : SEPARATOR);
    const conditionings = names.filter((name) => name.startsWith('conditioning'));
    if (conditionings.length > 0) return joined(conditionings, SEPARATOR);
    const links = names.filter((name) => linkOf(graph, inputs.get(name)) !== null);
    return links.length === 1 ? joined(links, SEPARATOR) : '';
  };

  const text = resolve(value, 0);
  if (charsLeft < 0) warn(`A prompt of the ComfyUI graph has more than ${MAX_PROMPT_CHARS} characters.`);
  return texts > 0 && charsLeft >= 0 && !graph.isUsedUp() ? text : null;
};
