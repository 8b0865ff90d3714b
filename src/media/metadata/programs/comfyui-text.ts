/** The prompt of one side of a ComfyUI sampler. Pure. */
import { MAX_PROMPT_CHARS, MAX_TEXT_DEPTH } from '../limits.js';
import { quote, type Warn } from '../warnings.js';
import { type Graph, type GraphNode, linkOf, literalOf } from './comfyui-graph.js';
import * as of from './comfyui-inputs.js';

const SEPARATOR = ', ';
const SHOWN = 3;

/** What was found on the way from one input upstream. */
export interface SideText {
  /** null: nothing, or not for certain, or too much. */
  text: string | null;
  /** The way ends where this does not know it, or may. A later stage then says nothing of this one. */
  isUnclear: boolean;
  /** Nodes with both sides whose outputs are told apart by their inputs' names alone, and by which output each was reached. */
  crossed: ReadonlyMap<GraphNode, number>;
}

/** Where a walk is: which side it looks for, how deep it is, and whether one wire carries both sides since. */
interface Way {
  side: of.Side;
  depth: number;
  isPipe: boolean;
}

/**
 * Follows encoders, combinations, control nets, pipes, contexts and text nodes upstream, and joins what they hold. At a node with both sides
 * the way goes on by the inputs of the side that is looked for, through whatever carries both in one wire. Of the texts for several encoders
 * equal ones count once. What is not known is passed if one link leads on; else the way ends there, with a warning.
 * @param value of the sampler's input; undefined: it has none of this side, but perhaps a pipe
 */
export const sideText = (
  graph: Graph,
  { sampler, value }: { sampler: GraphNode; value: unknown },
  side: of.Side,
  warn: Warn,
): SideText => {
  // Nodes may be used twice, so a graph of a few nodes can stand for more text than there is memory.
  let charsLeft = MAX_PROMPT_CHARS;
  let texts = 0;
  const doubtful = new Set<GraphNode>();
  const unclear = new Set<string>();
  const crossed = new Map<GraphNode, number>();
  /** Of a node on each of its ways; '' while it is on the way itself. */
  const known = new Map<GraphNode, Map<string, string>>();

  const take = (text: string): string => {
    texts++;
    charsLeft -= text.length;
    return charsLeft < 0 ? '' : text;
  };
  const lost = ({ type }: GraphNode): string => {
    unclear.add(type);
    return '';
  };

  const follow = (input: unknown, from: GraphNode, way: Way): string => {
    if (charsLeft < 0) return '';
    if (typeof input === 'string') return take(input);
    if (typeof input === 'number') return take(String(input));
    const link = linkOf(graph, input);
    if (link === null || way.depth > MAX_TEXT_DEPTH || !graph.visit(link.node)) return lost(from);
    const ofSlot = of.sideOfSlot(link.node, link.slot);
    const next = { ...way, side: ofSlot ?? way.side, depth: way.depth + 1 };
    const slot = ofSlot === null ? link.slot : null;
    const ways = known.get(link.node) ?? new Map<string, string>();
    const key = `${next.side} ${next.isPipe} ${slot}`;
    const before = ways.get(key);
    if (before !== undefined) return before === '' ? '' : take(before);
    known.set(link.node, ways.set(key, ''));
    const text = ofNode(link.node, slot, next);
    ways.set(key, text);
    return text;
  };
  const join = (node: GraphNode, names: readonly string[], way: Way, separator = SEPARATOR): string =>
    names
      .map((name) => follow(node.inputs.get(name), node, way))
      .filter(Boolean)
      .join(separator);
  const once = (node: GraphNode, names: readonly string[], way: Way): string =>
    [...new Set(names.map((name) => follow(node.inputs.get(name), node, way)))].filter(Boolean).join(SEPARATOR);
  /** A key that is there may be empty, or unused. */
  const first = (node: GraphNode, names: readonly string[], way: Way): string => {
    for (const name of names) {
      const text = follow(node.inputs.get(name), node, way);
      if (text !== '') return text;
    }
    return '';
  };
  const piped = (node: GraphNode, way: Way): string => {
    const names = of.pipeNames(graph, node);
    return names.length === 0 ? lost(node) : first(node, names, { ...way, isPipe: true });
  };

  /** By the inputs of the wanted side, else by what carries both; null: the node has no sides. */
  const bySide = (node: GraphNode, slot: number | null, way: Way): string | null => {
    const own = of.sideNames(graph, node, way.side);
    const others = of.sideNames(graph, node, of.otherSide(way.side));
    const hasPipe = of.pipeNames(graph, node).length > 0;
    if (own.length + others.length === 0) return hasPipe ? piped(node, way) : null;
    if (slot !== null && !way.isPipe) crossed.set(node, slot);
    const isSplit = own.every((name) => /_[gl]$/.test(name));
    const text = isSplit ? once(node, own, way) : first(node, own, way);
    if (text !== '' || (own.length > 0 && !hasPipe)) return text;
    if (hasPipe) return piped(node, way);
    // The only text that it can give, as of `easy positive`.
    return node.inputs.size === 1 ? join(node, others, way) : lost(node);
  };

  /** Texts for several encoders, which a node may have beside a text for all; null: it has none. */
  const byEncoders = (node: GraphNode, way: Way): string | null => {
    const names = of.encoderTextNames(graph, node);
    const own = of.textNames(graph, node);
    if (names.length === 0) return null;
    const isUsed = literalOf(graph, node.inputs.get('with_SDXL'), ['boolean']);
    if (isUsed === true || own.length === 0) return once(node, names, way);
    if (isUsed === false) return first(node, own, way);
    const [encoders, text] = [once(node, names, way), first(node, own, way)];
    if (encoders === '' || text === '' || encoders === text) return encoders || text;
    doubtful.add(node);
    return lost(node);
  };

  const ofNode = (node: GraphNode, slot: number | null, way: Way): string => {
    if (node.type === 'ConditioningZeroOut') return take('');
    const found = bySide(node, slot, way) ?? byEncoders(node, way);
    if (found !== null) return found;
    if (of.changesText(node)) return lost(node);
    const chosen = of.switchedName(graph, node);
    if (chosen !== undefined) return chosen === null ? lost(node) : join(node, [chosen], way);
    const conditionings = of.conditioningNames(graph, node);
    if (conditionings.length > 0) return join(node, conditionings, way);
    const own = of.textNames(graph, node);
    if (own.length > 0) return first(node, own, way);
    const parts = of.partNames(node);
    if (parts.length > 0) return join(node, parts, way, of.delimiterOf(node) ?? SEPARATOR);
    const passing = of.passingNames(graph, node);
    return passing.length === 1 ? join(node, passing, way) : lost(node);
  };

  const start = { side, depth: 0, isPipe: false };
  const text = value === undefined ? piped(sampler, start) : follow(value, sampler, start);
  if (charsLeft < 0) warn(`A prompt of the ComfyUI graph has more than ${MAX_PROMPT_CHARS} characters.`);
  const isWhole = texts > 0 && doubtful.size === 0 && charsLeft >= 0 && !graph.isUsedUp();
  if (unclear.size > 0) {
    const types = [...unclear].slice(0, SHOWN).map(quote).join(', ');
    const known = isWhole ? 'incomplete' : 'unknown';
    warn(`The ${side} prompt of the ComfyUI graph is ${known}: it depends on unsupported nodes ${types}.`);
  }
  return { text: isWhole ? text : null, isUnclear: !isWhole, crossed };
};
