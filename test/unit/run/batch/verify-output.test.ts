import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  appendFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findOutputFault } from '#src/run/batch/verify-output.js';
import { refuseObstacle } from '#src/run/batch/output-obstacles.js';
import { encodeLatents } from '#src/models/weights/latents/encode-latents.js';
import { buildResultRecord, writtenFile } from '#src/run/results/result-record.js';
import type { ResultRecord } from '#src/records/result.js';
import type { Row } from '#src/records/row.js';
import { goldenData } from '../../../support/golden.js';
import { temporaryFolder } from '../../../support/run-cli.js';
import { ROW, RUN } from '../results/records.js';

const SUFFIX = '.latents.safetensors';
const generation = {
  mode: 'base',
  handoff: null,
  stageInput: null,
  refiner: null,
  latentsSuffix: SUFFIX,
  copy: 0,
} as const;
const row: Row = { ...ROW, output: 'sub/a.png', generation };
const latents = encodeLatents({ data: new Float32Array(4 * 64), width: 8, height: 8 });
const png = readFileSync(goldenData('images/square-64.png'));
const reply = { stepsRun: 1, scheduler: 's', width: 64, height: 64 };

/** A row's files, and its line as it is written, or as a version before wrote it. */
const done = (isOld: boolean): { outputFolder: string; path: (suffix?: string) => string; record: ResultRecord } => {
  const outputFolder = temporaryFolder();
  const path = (suffix = ''): string => join(outputFolder, row.output + suffix);
  mkdirSync(join(outputFolder, 'sub'));
  writeFileSync(path(), png);
  writeFileSync(path(SUFFIX), latents);
  const written = { output: writtenFile(png), latents: writtenFile(latents) };
  const outcome = { status: 'ok', reply, durationMs: 1, ...(isOld ? {} : { written }) } as const;
  return { outputFolder, path, record: buildResultRecord(row, outcome, RUN, 'd') };
};

const FAULTS: [string, (path: string) => void, string][] = [
  [
    'gone',
    (path) => {
      rmSync(path);
    },
    'is missing',
  ],
  [
    'empty',
    (path) => {
      truncateSync(path, 0);
    },
    'is empty',
  ],
  [
    'a byte short',
    (path) => {
      truncateSync(path, readFileSync(path).length - 1);
    },
    '',
  ],
  [
    'half',
    (path) => {
      truncateSync(path, Math.floor(readFileSync(path).length / 2));
    },
    '',
  ],
  [
    'a folder',
    (path) => {
      rmSync(path);
      mkdirSync(path);
    },
    'is a folder',
  ],
  [
    'a link to itself',
    (path) => {
      renameSync(path, `${path}.moved`);
      symlinkSync(`${path}.moved`, path);
    },
    'is a symbolic link',
  ],
  [
    'a link to nothing',
    (path) => {
      rmSync(path);
      symlinkSync('/nowhere', path);
    },
    'is a symbolic link',
  ],
  [
    'a link to a device',
    (path) => {
      rmSync(path);
      symlinkSync('/dev/zero', path);
    },
    'is a symbolic link',
  ],
  [
    'a pipe',
    (path) => {
      rmSync(path);
      spawnSync('mkfifo', [path]);
    },
    'is not a regular file',
  ],
];

describe.each([
  ['of this version', false],
  ['of a version that wrote no sizes', true],
])('a line %s', (_version, isOld) => {
  it('stands where its files do', async () => {
    const { record, outputFolder } = done(isOld);
    expect(Object.keys(record).filter((key) => /_(?:bytes|sha256)$/.test(key))).toHaveLength(isOld ? 0 : 4);
    expect(await findOutputFault(row, record, { outputFolder })).toBeNull();
    expect(await findOutputFault(row, record, { outputFolder, verifies: true })).toBeNull();
  });

  it.each(FAULTS)('does not where one is %s', async (_what, harm, says) => {
    for (const suffix of ['', SUFFIX]) {
      const { record, outputFolder, path } = done(isOld);
      harm(path(suffix));
      const fault = await findOutputFault(row, record, { outputFolder });
      expect(fault).toContain(`${row.output}${suffix} ${says}`);
    }
  });
});

it('more bytes than were written are a fault, and other bytes of the same length with verifies alone', async () => {
  const { record, outputFolder, path } = done(false);
  const bytes = Buffer.from(png);
  bytes[bytes.length - 20]! ^= 1;
  writeFileSync(path(), bytes);
  expect(await findOutputFault(row, record, { outputFolder })).toBeNull();
  expect(await findOutputFault(row, record, { outputFolder, verifies: true })).toContain('has a different SHA-256');
  appendFileSync(path(), 'x');
  expect(await findOutputFault(row, record, { outputFolder })).toContain(
    `has ${png.length + 1} bytes, expected ${png.length}`,
  );
});

describe('refuseObstacle', () => {
  const refused = (outputFolder: string, name = 'sub/a.png'): Promise<void> => refuseObstacle(outputFolder, [name]);

  it('lets files, links and nothing give way', async () => {
    const { outputFolder, path } = done(false);
    await refused(outputFolder);
    await refused(outputFolder, 'not/yet/there.png');
    rmSync(path());
    symlinkSync('/nowhere', path());
    await refused(outputFolder);
  });

  it.each<[string, (path: string) => void]>([
    [
      'a folder',
      (path) => {
        mkdirSync(path, { recursive: true });
      },
    ],
    [
      'a pipe',
      (path) => {
        spawnSync('mkfifo', [path]);
      },
    ],
    [
      'a file in its folder’s place',
      (path) => {
        rmSync(join(path, '..'), { recursive: true });
        writeFileSync(join(path, '..'), '');
      },
    ],
    [
      'a link to nothing in its folder’s place',
      (path) => {
        rmSync(join(path, '..'), { recursive: true });
        symlinkSync('/nowhere', join(path, '..'));
      },
    ],
  ])('refuses %s', async (_what, put) => {
    const { outputFolder, path } = done(false);
    rmSync(path());
    put(path());
    await expect(refused(outputFolder)).rejects.toMatchObject({ code: 'OUTPUT_OBSTRUCTED', scope: 'row' });
  });
});
