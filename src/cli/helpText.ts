import { ALIASES } from './aliases.js';

export const EXIT_STATUS = 'Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted, 143 terminated.';

const COLUMN = 14;

/** The names of `ALIASES`, a line each. */
function aliasLines(): string {
  const lines = Object.entries(ALIASES).map(([name, others]) => `  ${name.padEnd(COLUMN)}${others.join(', ')}`);
  return lines.join('\n');
}

/** What stands below the options of `generate --help`. */
export const GENERATE_HELP = `
Names that other programs use are understood, with hyphens or underscores:
${aliasLines()}
--size 832*480 is --width 832 --height 480.

${EXIT_STATUS}`;
