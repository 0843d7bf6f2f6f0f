// Writes src/web/kernelTexts.ts, which git ignores: the WGSL of every kernel in one module, for pages, which read no files.
// Comments, three tenths of it, stay behind; lines stay where they are, for the messages of compilers.
// The build and the tests call it; `node scripts/kernelTexts.mjs` does it alone.
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HEAD = `// Made from the WGSL files of src/kernels by scripts/kernelTexts.mjs.

const TEXTS: ReadonlyMap<string, string> = new Map([
`;
const FOOT = `]);

/** The names of all kernels, such as \`linear.tiled\`. */
export function kernelNames(): string[] {
  return [...TEXTS.keys()];
}

/** The WGSL of a kernel: what a device is handed to compile. */
export function kernelText(name: string): string {
  const text = TEXTS.get(name);
  if (text === undefined) throw new Error(\`there is no kernel \${name}\`);
  return text;
}
`;

/** Leaves the module alone where it is as it should be. */
export default function writeKernelTexts() {
  const kernels = fileURLToPath(new URL('../src/kernels', import.meta.url));
  const target = fileURLToPath(new URL('../src/web/kernelTexts.ts', import.meta.url));
  const texts = readdirSync(kernels, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.wgsl'))
    .map((path) => [basename(path, '.wgsl'), withoutComments(readFileSync(join(kernels, path), 'utf8'))])
    .sort(([left], [right]) => (left < right ? -1 : 1));
  const module = HEAD + texts.map((entry) => `  ${JSON.stringify(entry)},\n`).join('') + FOOT;
  if (module === current(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(`${target}.${process.pid}`, module);
  renameSync(`${target}.${process.pid}`, target); // tests and builds at one time read a whole one
}

const withoutComments = (text) => text.replace(/[ \t]*\/\/.*/g, '');

function current(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeKernelTexts();
