/** A1111's prompt editing: `[from:to:when]`, `[to:when]`, `[from::when]` and alternation `[a|b]`. */

/** The text of a prompt up to a step. */
export interface ScheduledPrompt {
  /** The last step of this text, counted from 1. */
  end: number;
  text: string;
}

type Node =
  | string
  | { kind: 'change'; before: readonly Node[]; after: readonly Node[]; when: string }
  | { kind: 'alternate'; choices: readonly (readonly Node[])[] };

interface Parsed {
  nodes: readonly Node[];
  next: number;
}

const PLAIN = /(?:[^\\[\]():|]|\\.)+/suy;
const NUMBER = /^\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)\s*$/i;
/** Deeper brackets are text, because parsing is recursive. */
const DEEPEST = 64;

/**
 * The texts of a prompt over a schedule of `steps` steps, in order; one text if nothing changes. `when` with a decimal point is a
 * share of the steps, without one a step number. Anything else is text; a `|` outside brackets makes the whole prompt text.
 * Source: AUTOMATIC1111/stable-diffusion-webui modules/prompt_parser.py, version 1.10 (grammar `schedule_parser`,
 * `get_learned_conditioning_prompt_schedules`); its doctests are tests here.
 */
export const schedulePrompt = (prompt: string, steps: number): ScheduledPrompt[] => {
  const nodes = parse(prompt);
  if (nodes === null) return [{ end: steps, text: prompt }];
  const ends = [...new Set([...changesOf(nodes, steps), steps])].sort((a, b) => a - b);
  return ends.map((end) => ({ end, text: textAt(nodes, end, steps) }));
};

/**
 * Index of the text at a step, counted from 0. As in A1111 (`reconstruct_cond_batch`) texts count steps from 1: a change at 5 is
 * after the sixth step.
 */
export const indexAt = (schedule: readonly ScheduledPrompt[], step: number): number =>
  Math.max(
    0,
    schedule.findIndex(({ end }) => step <= end),
  );

const stepOf = (when: string, steps: number): number => {
  const value = Number(when) * (when.includes('.') ? steps : 1);
  return Math.min(steps, Math.trunc(value));
};

function* changesOf(nodes: readonly Node[], steps: number): Generator<number> {
  for (const node of nodes) {
    if (typeof node === 'string') continue;
    if (node.kind === 'alternate') {
      for (let step = 1; step <= steps; step++) yield step;
      continue;
    }
    const step = stepOf(node.when, steps);
    if (step >= 1) yield step;
    yield* changesOf([...node.before, ...node.after], steps);
  }
}

const textAt = (nodes: readonly Node[], step: number, steps: number): string =>
  nodes
    .map((node) => {
      if (typeof node === 'string') return node;
      if (node.kind === 'alternate') return textAt(node.choices[(step - 1) % node.choices.length] ?? [], step, steps);
      return textAt(step <= stepOf(node.when, steps) ? node.before : node.after, step, steps);
    })
    .join('');

/** null if the prompt does not follow the grammar. */
const parse = (text: string): readonly Node[] | null => {
  /** Parsed brackets by position, so that none is parsed twice. */
  const known = new Map<number, Parsed | null>();

  const promptFrom = (start: number, depth: number): Parsed => {
    const nodes: Node[] = [];
    let next = start;
    for (;;) {
      PLAIN.lastIndex = next;
      const plain = PLAIN.exec(text)?.[0];
      const part: Parsed | null =
        plain === undefined ? bracketAt(next, depth) : { nodes: [plain], next: next + plain.length };
      if (part === null) return { nodes, next };
      nodes.push(...part.nodes);
      next = part.next;
    }
  };

  const bracketAt = (start: number, depth: number): Parsed | null => {
    const opening = text[start];
    if ((opening !== '(' && opening !== '[') || depth > DEEPEST) return null;
    const cached = known.get(start);
    if (cached !== undefined) return cached;
    const parts: Parsed['nodes'][] = [];
    const marks: string[] = [];
    let next = start;
    do {
      const part = promptFrom(next + 1, depth + 1);
      parts.push(part.nodes);
      next = part.next;
      marks.push(text[next] ?? '');
    } while (marks.at(-1) === ':' || marks.at(-1) === '|');
    const nodes = meaningOf(opening, parts, marks);
    const bracket = nodes === null ? null : { nodes, next: next + 1 };
    known.set(start, bracket);
    return bracket;
  };

  const nodes: Node[] = [];
  for (let next = 0; next < text.length;) {
    const part = promptFrom(next, 0);
    nodes.push(...part.nodes);
    next = part.next;
    if (next === text.length) break;
    const stray = text[next] ?? '';
    if (!'[]():'.includes(stray)) return null;
    nodes.push(stray);
    next++;
  }
  return nodes;
};

/** @param marks delimiter after each part @returns null if it does not follow the grammar */
const meaningOf = (
  opening: string,
  parts: readonly (readonly Node[])[],
  marks: readonly string[],
): readonly Node[] | null => {
  const [first = [], second = [], third = []] = parts;
  switch (`${opening}${marks.join('')}`) {
    case '()':
    case '[]':
      return [opening, ...first, marks[0] ?? ''];
    case '(:)':
      return ['(', ...first, ':', ...second, ')'];
    case '[:]':
      return changeOf([], first, second);
    case '[::]':
      return changeOf(first, second, third);
    default:
      return opening === '[' && /^\|+\]$/.test(marks.join('')) ? [{ kind: 'alternate', choices: parts }] : null;
  }
};

const changeOf = (before: readonly Node[], after: readonly Node[], number: readonly Node[]): readonly Node[] | null => {
  const [text] = number;
  const when = number.length === 1 && typeof text === 'string' ? NUMBER.exec(text)?.[1] : undefined;
  return when === undefined ? null : [{ kind: 'change', before, after, when }];
};
