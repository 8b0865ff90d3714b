/** Writes man/sdxl-refine.1 from the commands that the program is made of; with --check, says whether it is written already. */
import { join } from 'node:path';
import { helpTextsOf } from '../dist/app/cli/help-text.js';
import { buildProgram } from '../dist/app/cli/program.js';
import { writeMade } from './made-file.mjs';
import { root } from './steps.mjs';

const file = join(root, 'man/sdxl-refine.1');
/** Of the release that the page was last written for. */
const DATE = '2026-11-27';
const program = buildProgram(process, () => undefined, true);
const helper = program.createHelp();

/** Roff reads backslashes, and dots and quotes at the beginning of a line; a plain - is a hyphen, which cannot be copied. */
const roff = (text) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^(?=[.'])/gm, '\\&')
    .replaceAll('’', '\\(cq')
    .replaceAll('…', '...')
    .replaceAll('×', '\\(mu');
/** Filled lines of at most 80 characters. */
const fill = (text) => {
  const filled = [];
  for (const word of text.split(' ')) {
    const longer = filled.length === 0 ? word : `${filled.at(-1)} ${word}`;
    if (filled.length > 0 && roff(longer).length <= 78) filled[filled.length - 1] = longer;
    else filled.push(word);
  }
  return filled.map(roff).join('\n');
};
const quoted = (text) => `"${roff(text).replaceAll('"', '\\(dq')}"`;
const bold = (text) => `\\fB${roff(text)}\\fR`;

/** `-o, --output <file>` with the names in bold and the value in italics. */
const term = (flags) =>
  flags
    .split(', ')
    .map((one) => {
      const [name, ...value] = one.split(' ');
      return value.length === 0
        ? bold(name)
        : `${bold(name)} \\fI${roff(value.join(' ').replace(/^<(.*)>$/, '$1'))}\\fR`;
    })
    .join(', ');

const describe = (option) => helper.optionDescription(option).replace(/\(default: "(.+)"\)$/, '(default: $1)');
const item = (head, text) => ['.TP', head, fill(text)];

const optionsOf = (command) => {
  const groups = new Map();
  for (const option of command.options.filter(({ hidden }) => !hidden)) {
    const heading = (option.helpGroupHeading ?? 'Options:').replace(/:$/, '');
    groups.set(heading, [...(groups.get(heading) ?? []), ...item(term(option.flags), describe(option))]);
  }
  return [...groups].flatMap(([heading, items]) => [`.PP`, `\\fI${roff(heading)}\\fR`, ...items]);
};

/** A paragraph to a line; lines that are indented stay as they are. */
const paragraphs = (text) =>
  text.split('\n').flatMap((line) => {
    if (line === '') return ['.PP'];
    return line.startsWith(' ') ? ['.nf', roff(line.trim()), '.fi'] : [fill(line)];
  });

const sectionOf = (command) => {
  const { notes } = helpTextsOf(command);
  const subcommands = command.commands.flatMap((one) => [
    ...item(`${bold(one.name())} ${roff(one.usage())}`, one.description()),
    ...(one.options.length === 0 ? [] : ['.RS', ...optionsOf(one), '.RE']),
  ]);
  return [
    `.SS ${quoted(helper.commandUsage(command))}`,
    ...paragraphs(command.description()),
    ...command.registeredArguments.flatMap((one) => item(`\\fI${roff(one.name())}\\fR`, one.description)),
    ...subcommands,
    ...optionsOf(command),
    ...(notes === '' ? [] : ['.PP', ...paragraphs(notes)]),
  ];
};

const commands = program.commands.filter((command) => command.name() !== '__complete');
const examples = [program, ...commands].flatMap((command) => helpTextsOf(command).examples);
const lines = [
  '.\\" Written by scripts/make-man.mjs.',
  `.TH SDXL\\-REFINE 1 ${DATE} sdxl\\-refine "User Commands"`,
  '.SH NAME',
  `sdxl\\-refine \\- ${roff("refine pictures with Stable Diffusion XL's refiner")}`,
  '.SH SYNOPSIS',
  `${bold('sdxl-refine')} [\\fIoptions\\fR] \\fIpicture\\fR`,
  '.br',
  `${bold('sdxl-refine')} \\fIcommand\\fR [\\fIoptions\\fR]`,
  '.SH DESCRIPTION',
  roff(program.description()),
  fill('Every option is also an environment variable and a key of the configuration file, sdxl-refine.yaml.'),
  '.SH OPTIONS',
  ...item(term('-h, --help'), 'Help; --help all has every option.'),
  ...item(term('-V, --version'), 'The version.'),
  '.SH COMMANDS',
  ...commands.flatMap(sectionOf),
  '.SH EXAMPLES',
  '.nf',
  ...examples.map(roff),
  '.fi',
  '.SH ENVIRONMENT',
  ...item(bold('SDXL_REFINE_…'), 'An option by its name in capitals: SDXL_REFINE_STRENGTH=0.25.'),
  ...item(
    bold('HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE'),
    "Hugging Face's cache of models and its hub.",
  ),
  ...item(bold('NO_COLOR'), 'No colours.'),
  '.SH EXIT STATUS',
  ...item('0', 'Every row is ok, or blocked by content safety; of one picture: it is refined.'),
  ...item('1', 'Some rows failed; of one picture: it failed or is blocked.'),
  ...item('2', 'Usage.'),
  ...item('3', 'A manifest or request cannot be read.'),
  ...item('4', 'A model is missing or damaged.'),
  ...item('5', 'The device or the inference engine does not start.'),
  ...item('6', 'The output cannot be written, or exists already.'),
  ...item('70', 'A bug.'),
  ...item('130', 'Stopped by the user; finished rows are kept.'),
];
const text = `${lines.join('\n')}\n`;

writeMade(file, text);
