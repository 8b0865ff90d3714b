/** The prompt of one side of a ComfyUI sampler. Pure. */
import { MAX_PROMPT_CHARS, MAX_TEXT_DEPTH } from '../limits.js';
import { quote, type Warn } from '../warnings.js';
import { conditionsOf } from './comfyui-conditions.js';
import { type Graph, type GraphNode, linkOf, literalOf } from './comfyui-graph.js';
import * as of from './comfyui-inputs.js';

const SEPARATOR = ', ';
const SHOWN = 3;

/** Result of following one input upstream. */
export interface SideText {
  /** null if there is none, or it is uncertain or too long. */
  text: string | null;
  /** The text is, or may be, incomplete. Then a later stage's text does not replace it. */
  isUnclear: boolean;
  /** Nodes with both sides whose outputs only input names distinguish, and the output through which each was reached. */
  crossed: ReadonlyMap<GraphNode, number>;
  /** Nodes without sides that text came from, and the outputs through which each was reached. */
  outputs: ReadonlyMap<GraphNode, ReadonlySet<number>>;
}

/** State of a walk: its side, its depth, and whether the last links had both sides in one. */
interface Way {
  side: of.Side;
  depth: number;
  isPipe: boolean;
}

/**
 * Follows encoders, combinations, control nets, pipes, contexts and text nodes upstream, and joins their texts. At a node with both
 * sides it continues along the inputs of `side`, and along inputs with both sides in one link. Equal texts for several encoders count
 * once. An unknown node is passed if it has one link; otherwise the walk ends there, with a warning.
 * @param value of the sampler's input; undefined if it has none for this side, though it may have a pipe
 */
export const sideText = (
  graph: Graph,
  { sampler, value }: { sampler: GraphNode; value: unknown },
  side: of.Side,
  warn: Warn,
): SideText => {
  // Nodes may be used twice, so a graph of a few nodes can expand to more text than fits into memory.
  let charsLeft = MAX_PROMPT_CHARS;
  let texts = 0;
  const doubtful = new Set<GraphNode>();
  const unclear = new Set<string>();
  const partial = new Set<string>();
  const crossed = new Map<GraphNode, number>();
  const outputs = new Map<GraphNode, Set<number>>();
  /** Texts by node and state of the walk; '' while the node is being visited. */
  const known = new Map<GraphNode, Map<string, string>>();

  const count = (text: string): string => {
    texts++;
    charsLeft -= text.length;
    return charsLeft < 0 ? '' : text;
  };
  const lost = ({ type }: GraphNode): string => {
    unclear.add(type);
    return '';
  };
  const styled = (node: GraphNode): void => {
    for (const style of of.stylesOf(node))
      warn(`The style ${quote(style)} of ComfyUI's ${quote(node.type)} is not read: only the typed text is taken.`);
  };
  const changing = new Map<GraphNode, boolean>();
  /** Searches a node's texts once, not at every visit. */
  const changesText = (node: GraphNode): boolean => {
    const changes = changing.get(node) ?? of.changesText(node);
    changing.set(node, changes);
    return changes;
  };

  const follow = (input: unknown, from: GraphNode, way: Way): string => {
    if (charsLeft < 0) return '';
    if (typeof input === 'string') return count(input);
    if (typeof input === 'number') return count(String(input));
    const link = linkOf(graph, input);
    if (link === null || way.depth > MAX_TEXT_DEPTH || !graph.visit(link.node)) return lost(from);
    const ofSlot = of.sideOfSlot(link.node, link.slot);
    const next = { ...way, side: ofSlot ?? way.side, depth: way.depth + 1 };
    const slot = ofSlot === null ? link.slot : null;
    const ways = known.get(link.node) ?? new Map<string, string>();
    const key = `${next.side} ${next.isPipe} ${slot}`;
    const before = ways.get(key);
    if (before !== undefined) return before === '' ? '' : count(before);
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
  /** The first text that is not empty: inputs may be empty or unused. */
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

  /** Text from the inputs of the walk's side, else from inputs with both sides; null if the node has neither. */
  const bySide = (node: GraphNode, slot: number | null, way: Way): string | null => {
    const own = of.sideNames(graph, node, way.side);
    const others = of.sideNames(graph, node, of.otherSide(way.side));
    const hasPipe = of.pipeNames(graph, node).length > 0;
    if (own.length + others.length === 0) return hasPipe ? piped(node, way) : null;
    styled(node);
    if (slot !== null && !way.isPipe) crossed.set(node, slot);
    const isSplit = own.every((name) => /_[gl]$/.test(name));
    const text = isSplit ? once(node, own, way) : first(node, own, way);
    if (text !== '' || (own.length > 0 && !hasPipe)) return text;
    if (hasPipe) return piped(node, way);
    // The node's only text, as in `easy positive`.
    return node.inputs.size === 1 ? join(node, others, way) : lost(node);
  };

  /** Texts for several encoders, which a node may have beside a text for all; null if it has none. */
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
    if (node.type === 'ConditioningZeroOut') return count('');
    const text = bySide(node, slot, way) ?? byEncoders(node, way);
    if (text !== null) return text;
    if (changesText(node)) return lost(node);
    styled(node);
    if (slot !== null) outputs.set(node, (outputs.get(node) ?? new Set()).add(slot));
    const chosen = of.switchedName(graph, node);
    if (chosen !== undefined) return chosen === null ? lost(node) : join(node, [chosen], way);
    const conditionings = of.conditioningNames(graph, node);
    if (conditionings.length > 0) {
      const { names, isPartial } = conditionsOf(graph, node, conditionings);
      if (isPartial) partial.add(node.type);
      return names.length === 0 ? count('') : join(node, names, way);
    }
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
  if (partial.size > 0) {
    const types = [...partial].slice(0, SHOWN).map(quote).join(', ');
    warn(
      `The ${side} prompt of the ComfyUI graph has text for a region, for some steps or with a share (${types}): here all of it applies everywhere.`,
    );
  }
  return { text: isWhole ? text : null, isUnclear: !isWhole, crossed, outputs };
};
