import { ALIASES } from './aliases.js';

export const EXIT_STATUS = 'Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted, 143 terminated.';

const COLUMN = 14;

/** Longest line of what stands below the options. */
const WIDTH = 80;

/** A text with its lines broken anew. */
export function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = `${lines.at(-1)} ${word}`.trimStart();
    if (line.length <= WIDTH) lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines.join('\n');
}

/** The one rule of every command that writes (docs/decisions/011-outputs.md). */
export const OUTPUT_HELP =
  wrapped(`What an earlier command wrote is replaced once the new file is finished, and stays where that fails. A file that this
program did not write is replaced with --force only, and one that the command reads never. Until it is finished, a file
has .partial in its name.`);

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

${wrapped(`${OUTPUT_HELP} A run that is interrupted leaves its video finished as far as it came, under its name where
nothing stood there, else under the partial one.`)}

${EXIT_STATUS}`;
