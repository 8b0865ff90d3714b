import { type Facts, factsOf } from '../facts.js';
import { parseJsonObject, valueOf } from '../parse-json.js';
import type { Warn } from '../warnings.js';

/**
 * NovelAI: `Software` is `NovelAI`, `Description` the prompt, and `Comment` JSON of everything else.
 * @param texts PNG's texts by keyword
 */
export const readNovelai = (texts: ReadonlyMap<string, string>, warn: Warn): Facts | null => {
  if (texts.get('Software') !== 'NovelAI') return null;
  const comment = parseJsonObject(texts.get('Comment') ?? '{}', "NovelAI's Comment", warn) ?? {};
  const raw = {
    prompt: texts.get('Description') ?? valueOf(comment, 'prompt'),
    negativePrompt: valueOf(comment, 'uc'),
    seed: valueOf(comment, 'seed'),
    steps: valueOf(comment, 'steps'),
    sampler: valueOf(comment, 'sampler'),
    scheduler: valueOf(comment, 'noise_schedule'),
    guidanceScale: valueOf(comment, 'scale'),
    width: valueOf(comment, 'width'),
    height: valueOf(comment, 'height'),
  };
  return factsOf('novelai', raw, warn);
};
