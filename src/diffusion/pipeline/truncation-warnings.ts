/** What to say of prompts of which a part is left out, as diffusers says it too. */
import { cutText } from '../../io/json/json-text.js';
import type { RefineReply } from '../../records/job.js';
import type { RefineSettings } from '../../records/settings.js';
import { cutWords } from '../text/dropped-words.js';
import type { Model } from './load-model.js';

const SHOWN = 200;

/** Nothing where all of both prompts counts. */
export const cutWarnings = (
  { textEncoders }: Pick<Model, 'textEncoders'>,
  settings: RefineSettings,
): Pick<RefineReply, 'warnings'> => {
  const { promptSyntax, prompt, negativePrompt, negativeEmbedding, guidanceScale } = settings;
  const encoder = textEncoders.at(-1);
  if (promptSyntax !== 'plain' || encoder === undefined) return {};
  const countsNegative = guidanceScale > 1 && negativeEmbedding === 'prompt';
  const prompts = [
    ['prompt', prompt] as const,
    ...(countsNegative ? [['negative_prompt', negativePrompt] as const] : []),
  ];
  const warnings = prompts.flatMap(([key, text]) => {
    const cut = cutWords(encoder, text);
    if (cut === null) return [];
    const shown = cut.length > SHOWN ? `${cutText(cut, SHOWN)}…` : cut;
    return [
      `Of ${key}, 75 tokens count; left out: ${JSON.stringify(shown)}. prompt_syntax a1111, comfy or compel takes all of it.`,
    ];
  });
  return warnings.length === 0 ? {} : { warnings };
};
