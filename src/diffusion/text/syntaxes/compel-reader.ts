/** Parses Compel's grammar from left to right. Everything else is text, word by word. */
import { RefineError } from '../../../errors.js';
import type { WeightedText } from './parse-a1111.js';

interface Joined {
  kind: 'and' | 'blend';
  prompts: WeightedText[][];
  options: string[];
}

interface Bracket {
  parts: WeightedText[];
  /** Position after the bracket. */
  end: number;
}

const UP = 1.1;
const DOWN = 0.9;
/** A word without syntax: escaped signs, signs inside words (`hot-dog`), numbers and other characters. */
const WORD = /(?:\\[()",.+\-=]|[-+](?![\s()",.+\-=]|$)|-?\d+|[^\s()",.+\-=])+/uy;
const FREE_WORD = /\S+/uy;
const QUOTED = /"((?:\\"|[^"])*)"/uy;
const SIGNS = /\++|-+/uy;
const NUMBER = /[+-]?(?:\d+\.\d*|\.\d+)|-?\d+/uy;
const ATTEND = /\s*\.attend\s*\(\s*/uy;
const SWAP = /\s*\.swap\s*\(/uy;
const LORA = /(?:useLora|withLora)\s*\(/uy;
const SPACE = /\s*/uy;
const JOIN = /\s*\)\s*\.(and|add|blend)\s*\(([^()]*)\)/uy;
/** Deeper brackets are text. */
const DEEPEST = 32;

export class CompelReader {
  #at = 0;

  constructor(
    private readonly text: string,
    private readonly depth = 0,
    /** Parsed brackets by position: parsing nested ones twice would double the work at each level. */
    private readonly known = new Map<number, Bracket | null>(),
  ) {}

  /** Parses a whole prompt word by word; any text is valid. */
  prompt(): WeightedText[] {
    const parts: WeightedText[] = [];
    for (;;) {
      this.#take(SPACE);
      if (this.#at >= this.text.length) return parts;
      this.#refuseLora();
      parts.push(...(this.#attention() ?? this.#quoted() ?? this.#bracket() ?? this.#freeWord()));
    }
  }

  /** `("a", "b").and(1, 1)` or `.blend(…)`; null, with nothing consumed, if it is neither. */
  conjunction(): Joined | null {
    return this.#orBack(() => {
      this.#take(SPACE);
      if (!this.#takeText('(')) return null;
      const prompts: WeightedText[][] = [];
      do {
        this.#take(SPACE);
        const prompt = this.#quotedPrompt() ?? this.#bracket() ?? this.#word();
        if (prompt === null) return null;
        prompts.push(prompt);
        this.#take(SPACE);
      } while (this.#takeText(','));
      const join = this.#take(JOIN);
      if (join === null) return null;
      this.#take(SPACE);
      const kind = join[1] === 'blend' ? 'blend' : 'and';
      if (kind === 'blend' && this.#at < this.text.length) return null;
      const list = (join[2] ?? '').trim();
      return { kind, prompts, options: list === '' ? [] : list.split(',').map((option) => option.trim()) };
    });
  }

  /** The pieces up to the end of brackets or quotes; null if they do not follow the grammar. */
  #inside(isEnd: () => boolean): WeightedText[] | null {
    const parts: WeightedText[] = [];
    for (;;) {
      this.#take(SPACE);
      if (isEnd()) return parts;
      this.#refuseLora();
      const part = this.#attention() ?? this.#bracket() ?? this.#quoted() ?? this.#word() ?? this.#stop();
      if (part === null) return null;
      parts.push(...part);
    }
  }

  #attention(): WeightedText[] | null {
    return this.#orBack(() => {
      const word = this.#word();
      const target = word ?? this.#quoted() ?? this.#bracket();
      if (target === null) return null;
      if (this.#look(SWAP)) throw notDone('.swap()');
      if (this.#take(ATTEND) !== null) {
        const factor = this.#signs() ?? this.#number();
        this.#take(SPACE);
        return factor === null || !this.#takeText(')') ? null : weigh(target, factor);
      }
      const factor = this.#signs() ?? (word === null ? this.#number() : null);
      return factor === null ? null : weigh(target, factor);
    });
  }

  #bracket(): WeightedText[] | null {
    if (this.depth >= DEEPEST || this.text[this.#at] !== '(') return null;
    const start = this.#at;
    const cached = this.known.get(start);
    const bracket = cached === undefined ? this.#readBracket(start) : cached;
    this.known.set(start, bracket);
    if (bracket === null) return null;
    this.#at = bracket.end;
    return bracket.parts;
  }

  #readBracket(start: number): Bracket | null {
    const inner = new CompelReader(this.text, this.depth + 1, this.known);
    inner.#at = start + 1;
    const parts = inner.#inside(() => inner.#takeText(')'));
    return parts === null ? null : { parts, end: inner.#at };
  }

  #quoted(): WeightedText[] | null {
    return this.#quotedBy((inner) => inner.#inside(() => inner.#at >= inner.text.length));
  }

  /** Quotes with any text. */
  #quotedPrompt(): WeightedText[] | null {
    return this.#quoted() ?? this.#quotedBy((inner) => inner.prompt());
  }

  #quotedBy(read: (inner: CompelReader) => WeightedText[] | null): WeightedText[] | null {
    if (this.depth >= DEEPEST) return null;
    return this.#orBack(() => {
      const content = this.#take(QUOTED)?.[1];
      if (content === undefined) return null;
      return content.trim() === '' ? [{ text: '', weight: 1 }] : read(new CompelReader(content, this.depth + 1));
    });
  }

  #word(): WeightedText[] | null {
    const word = this.#take(WORD)?.[0];
    return word === undefined ? null : [fragment(word)];
  }

  #freeWord(): WeightedText[] {
    return [fragment(this.#take(FREE_WORD)?.[0] ?? '')];
  }

  #stop(): WeightedText[] | null {
    const stop = this.#takeText(',') ? ',' : this.#takeText('.') ? '.' : null;
    return stop === null ? null : [fragment(stop)];
  }

  #signs(): number | null {
    const signs = this.#take(SIGNS)?.[0];
    return signs === undefined ? null : (signs.startsWith('+') ? UP : DOWN) ** signs.length;
  }

  #number(): number | null {
    const number = this.#take(NUMBER)?.[0];
    return number === undefined ? null : Number(number);
  }

  #refuseLora(): void {
    if (this.#look(LORA)) throw notDone('withLora()');
  }

  /** The result of `read`; if it is null, the position is restored. */
  #orBack<T>(read: () => T | null): T | null {
    const start = this.#at;
    const result = read();
    if (result === null) this.#at = start;
    return result;
  }

  #look(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.text);
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match;
  }

  #takeText(text: string): boolean {
    if (!this.text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }
}

const fragment = (text: string): WeightedText => ({ text: text.replace(/\\([()"])/g, '$1'), weight: 1 });

const weigh = (parts: readonly WeightedText[], factor: number): WeightedText[] =>
  parts.map(({ text, weight }) => ({ text, weight: weight * factor }));

const notDone = (form: string): RefineError =>
  new RefineError(
    'ROW_FIELD_INVALID',
    `The prompt has ${form}, which sdxl-refine does not support. Remove it, or give --prompt-syntax plain.`,
  );
