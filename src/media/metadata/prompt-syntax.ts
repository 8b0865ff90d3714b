/** How the prompts that a program writes are meant to be read. */
import type { PromptSyntax } from '../../records/settings.js';
import type { GenerationMetadata, Program } from './generation-metadata.js';

/**
 * Fooocus and SD.Next read A1111's weights, Draw Things too; SwarmUI hands its prompts to ComfyUI; InvokeAI reads them with Compel.
 * NovelAI's `{a}` and `1.2::a::` are no syntax here.
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
  unknown: null,
};

/** @returns null where no syntax here is the program's */
export const syntaxOf = ({
  program,
  promptSyntax,
}: Pick<GenerationMetadata, 'program' | 'promptSyntax'>): PromptSyntax | null => promptSyntax ?? SYNTAXES[program];

const WITH_WEIGHTS: readonly PromptSyntax[] = ['a1111', 'comfy', 'compel'];

/** A syntax that metadata of ours names; null: plain, or none of them. */
export const knownSyntax = (name: unknown): PromptSyntax | null => WITH_WEIGHTS.find((known) => known === name) ?? null;
