/** What an opened model and its rows have to say, each once, to a person who wants to hear it. */
import type { Work } from '../batch/work.js';
import type { Surroundings } from './surroundings.js';

export const sayWarnings = (work: Work, stderr: Surroundings['stderr']): Work => {
  const said = new Set<string>();
  const say = (warnings: readonly string[] = []): void => {
    for (const warning of warnings) {
      if (!said.has(warning)) stderr.write(`Note: ${warning}\n`);
      said.add(warning);
    }
  };
  return {
    ...work,
    async open(signal) {
      const info = await work.open(signal);
      say(info.warnings);
      return info;
    },
    async *run(rows, context) {
      for await (const row of work.run(rows, context)) {
        say(
          row.kind === 'refined'
            ? [...(row.ready.row.warnings ?? []), ...(row.reply.warnings ?? [])]
            : row.row.warnings,
        );
        yield row;
      }
    },
  };
};
