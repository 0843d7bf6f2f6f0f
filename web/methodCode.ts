import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { STEP_TEXTS } from './viewer/logic/methodSteps.js';
import { OTHER_TEXTS } from './viewer/logic/stepTexts.js';

const NAME = 'virtual:method-code';
/** Lines of a function that are shown; the two rollouts and what is as long are left to their files. */
const MOST_LINES = 60;
const EXTRA = [
  { file: 'src/pipelines/rollingForcing.ts', functions: 'rollingForcing' },
  { file: 'src/kernels/attention/meanAttention.ts', functions: 'meanAttention' },
  { file: 'src/pipelines/flowmo.ts', functions: 'guidedFlow' },
];

/** The functions of the method as text, for the viewer: found in src when it is built. */
export function methodCode(): Plugin {
  return {
    name: 'method-code',
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load(id) {
      if (id !== `\0${NAME}`) return undefined;
      const { repository } = JSON.parse(read('package.json')) as { repository?: { url?: string } };
      const url = repository?.url?.replace(/^git\+/, '').replace(/\.git$/, '');
      return `export const CODE = ${JSON.stringify(codeOfMethod())};\nexport const REPOSITORY = ${JSON.stringify(url)};`;
    },
  };
}

/** Every function that a step of the method names, by `file name`. */
export function codeOfMethod(): Record<string, { line: number; text: string }> {
  const code: Record<string, { line: number; text: string }> = {};
  const others = Object.values(OTHER_TEXTS).flatMap((texts) => Object.values(texts));
  for (const { file, functions } of [...Object.values(STEP_TEXTS), ...others, ...EXTRA]) {
    const found = functionIn(read(file), functions);
    if (found) code[`${file} ${functions}`] = found;
  }
  return code;
}

/** A function, a class or a method `Class.method`, with the comment above it: its first line, counted from 1, and its text. */
export function functionIn(source: string, name: string): { line: number; text: string } | undefined {
  const lines = source.split('\n');
  const [, member] = name.split('.');
  const head = member
    ? new RegExp(`^  (?:async )?${member}\\(`)
    : new RegExp(`^export (?:async )?(?:function\\*?|class|const) ${name}\\b`);
  const start = lines.findIndex((line) => head.test(line));
  if (start < 0) return undefined;
  const end = lines.indexOf(member ? '  }' : '}', start);
  let first = start;
  while (/^\s*(?:\/\*\*|\*)/.test(lines[first - 1] ?? '')) first--;
  const shown = lines.slice(first, Math.min(end + 1, first + MOST_LINES));
  if (end + 1 > first + MOST_LINES) shown.push('…');
  return { line: start + 1, text: shown.join('\n') };
}

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');
