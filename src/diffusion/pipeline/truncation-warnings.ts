/** Warnings about truncated prompts, as in diffusers. */
import { cutText } from '../../io/json/json-text.js';
import type { RefineReply } from '../../records/job.js';
import type { RefineSettings } from '../../records/settings.js';
import { droppedWords } from '../text/dropped-words.js';
import type { Model } from './load-model.js';

const SHOWN = 200;

/** No warnings if both prompts fit. */
export const truncationWarnings = (
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
    const dropped = droppedWords(encoder, text);
    if (dropped === null) return [];
    const shown = dropped.length > SHOWN ? `${cutText(dropped, SHOWN)}…` : dropped;
    return [
      `${key} truncated to 75 tokens; dropped: ${JSON.stringify(shown)}. prompt_syntax a1111, comfy or compel uses all of it.`,
    ];
  });
  return warnings.length === 0 ? {} : { warnings };
};
