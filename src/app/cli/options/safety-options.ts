/** Creates the screening from the content safety options. */
import { resolve } from 'node:path';
import { RefineError } from '../../../errors.js';
import { authorizeByIdentity, authorizeByKey } from '../../../run/safety/azure-identity.js';
import { AZURE_SCALE, azureScreener } from '../../../run/safety/azure-screener.js';
import { parseBlockAt } from '../../../run/safety/block-at.js';
import { localScreener } from '../../../run/safety/local-screener.js';
import type { Screener } from '../../../run/safety/screener.js';
import { createScreening, NO_SCREENING, type Screening } from '../../../run/safety/screening.js';
import { FAIL_MODES, SCREENERS } from './option-choices.js';
import { parseChoice } from './run-options.js';
import type { SafetyFlags } from './safety-flags.js';
import { variable, type ProcessContext } from '../process-context.js';

type Context = Pick<ProcessContext, 'env' | 'cwd' | 'stderr'>;

/** Valid names of blocklists (Azure AI Content Safety, "Use a blocklist"). */
const BLOCKLIST_NAME = /^[\w.~-]+$/;

/**
 * Parses the options; uses no network and opens no session yet.
 * @throws USAGE_OPTION_INVALID USAGE_CONFLICT CONTENT_SAFETY_SETUP MODEL_*
 */
export const planScreening = async (flags: SafetyFlags, context: Context): Promise<Screening> => {
  const service =
    flags.contentSafety === undefined ? null : parseChoice('--content-safety', flags.contentSafety, SCREENERS);
  const failMode = parseChoice('--safety-fail', flags.safetyFail ?? 'closed', FAIL_MODES);
  switch (service) {
    case null:
      refuseUnusedOptions(flags);
      if (variable('CONTENT_SAFETY_ENDPOINT', context) !== undefined && flags.quiet !== true) {
        context.stderr.write(
          'Note: CONTENT_SAFETY_ENDPOINT is set, but content safety is off: give --content-safety azure to screen, or --content-safety off to leave out this note.\n',
        );
      }
      return NO_SCREENING;
    case 'off':
      return NO_SCREENING;
    case 'azure':
      return createScreening(azure(flags, context), failMode);
    case 'local':
      return createScreening(await local(flags, context), failMode);
  }
};

/** Opens the planned screening, and prints its notes unless --quiet. */
export const openScreening = async (
  screening: Screening,
  { quiet }: SafetyFlags,
  { stderr }: Pick<ProcessContext, 'stderr'>,
  signal: AbortSignal,
): Promise<void> => {
  const notes = await screening.open(signal);
  if (quiet !== true) for (const note of notes) stderr.write(`Note: ${note}\n`);
};

/** Safety options without --content-safety would screen nothing: refuse them. */
const refuseUnusedOptions = ({ safetyBlockAt, safetyBlocklist, safetyModel, safetyFail }: SafetyFlags): void => {
  if ([safetyBlockAt, safetyBlocklist, safetyModel, safetyFail].every((flag) => flag === undefined)) return;
  throw new RefineError(
    'USAGE_CONFLICT',
    'Expected --content-safety beside its options, found none: add --content-safety azure, local or off.',
  );
};

const azure = (flags: SafetyFlags, context: Context): Screener => {
  if (flags.safetyModel !== undefined) throw conflict('--safety-model', 'local');
  const key = variable('CONTENT_SAFETY_KEY', context);
  const blocklists = [flags.safetyBlocklist ?? []]
    .flat()
    .flatMap((names) => names.split(',').map((name) => name.trim()));
  const wrong = blocklists.find((name) => !BLOCKLIST_NAME.test(name));
  if (wrong !== undefined) {
    throw new RefineError(
      'USAGE_OPTION_INVALID',
      `Expected --safety-blocklist to be the name of a blocklist, got "${wrong}".`,
    );
  }
  return azureScreener({
    endpoint: readEndpoint(context),
    authorize: key === undefined ? authorizeByIdentity(context.env) : authorizeByKey(key),
    blockAt: parseBlockAt(flags.safetyBlockAt ?? thresholdText(context), AZURE_SCALE),
    blocklists,
  });
};

const local = (flags: SafetyFlags, context: Context): Promise<Screener> => {
  if (flags.safetyBlocklist !== undefined) throw conflict('--safety-blocklist', 'azure');
  if (flags.safetyModel === undefined) {
    throw new RefineError(
      'USAGE_CONFLICT',
      '--content-safety local needs --safety-model: an image classifier as ONNX (docs/content-safety.md names some).',
    );
  }
  return localScreener(resolve(context.cwd(), flags.safetyModel), flags.safetyBlockAt ?? LOCAL_BLOCK_AT);
};

const LOCAL_BLOCK_AT = '0.5';

const conflict = (flag: string, service: string): RefineError =>
  new RefineError(
    'USAGE_CONFLICT',
    `${flag} belongs to --content-safety ${service}: leave it out, or choose that service.`,
  );

/** Azure's scripts block above the threshold; `blockAt` is the lowest severity that is blocked. */
const thresholdText = (context: Context): string => {
  const text = variable('CONTENT_SAFETY_THRESHOLD', context);
  if (text === undefined) return String(AZURE_SCALE.usual);
  if (/^[0-6]$/.test(text)) return String(Number(text) + 1);
  throw new RefineError(
    'USAGE_OPTION_INVALID',
    `Expected CONTENT_SAFETY_THRESHOLD to be an integer from 0 to 6 (what is above it is blocked), got "${text}".`,
  );
};

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

const readEndpoint = (context: Context): URL => {
  const text = variable('CONTENT_SAFETY_ENDPOINT', context) ?? '';
  const url = URL.canParse(text) ? new URL(text) : null;
  /* HTTPS only: the key and the pictures are sent there. */
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.includes(url.hostname))) return url;
  throw new RefineError(
    'CONTENT_SAFETY_SETUP',
    `Expected CONTENT_SAFETY_ENDPOINT to be the https address of an Azure AI Content Safety resource, such as https://<name>.cognitiveservices.azure.com; ${text === '' ? 'it is not set' : `got "${text}"`}.`,
  );
};
