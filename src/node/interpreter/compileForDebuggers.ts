import { readFileSync } from 'node:fs';
import { Script } from 'node:vm';
import type { Compile } from '../../interpreter/kernel.js';

/**
 * Compiles the JavaScript of a kernel under the name of its WGSL file, with a map that says that line n of the one is line n
 * of the other: debuggers then show the WGSL, stop in it, and name its variables.
 */
export const compileForDebuggers: Compile = (code, file) => {
  const lines = code.split('\n').length;
  const map = {
    version: 3,
    sources: [file],
    sourcesContent: [textOf(file)],
    names: [],
    // Each line begins at the line after the one before, in the same file and column.
    mappings: ['AAAA', ...Array(lines - 1).fill('AACA')].join(';'),
  };
  const url = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
  return new Script(`${code}\n//# sourceMappingURL=${url}`, { filename: file }).runInThisContext();
};

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
