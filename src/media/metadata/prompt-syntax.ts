/** Prompt syntaxes of the programs that write metadata. */
import type { PromptSyntax } from '../../records/settings.js';
import type { GenerationMetadata, Program } from './generation-metadata.js';

/**
 * Fooocus, SD.Next and Draw Things use A1111's weights; SwarmUI passes its prompts to ComfyUI; InvokeAI uses Compel.
 * NovelAI's `{a}` and `1.2::a::` are not supported, and Easy Diffusion's syntax depends on its engine.
 */
const SYNTAXES: Readonly<Record<Program, PromptSyntax | null>> = {
  'sdxl-refine': 'plain',
  a1111: 'a1111',
  sdnext: 'a1111',
  fooocus: 'a1111',
  'draw-things': 'a1111',
  comfyui: 'comfy',
  swarmui: 'comfy',
  invokeai: 'compel',
  novelai: null,
  'easy-diffusion': null,
  unknown: null,
};

/** @returns null if the program's syntax is not supported */
export const syntaxOf = ({
  program,
  promptSyntax,
}: Pick<GenerationMetadata, 'program' | 'promptSyntax'>): PromptSyntax | null => promptSyntax ?? SYNTAXES[program];

const WITH_WEIGHTS: readonly PromptSyntax[] = ['a1111', 'comfy', 'compel'];

/** The syntax that this program's metadata names; null: plain or unknown. */
export const knownSyntax = (name: unknown): PromptSyntax | null => WITH_WEIGHTS.find((known) => known === name) ?? null;
