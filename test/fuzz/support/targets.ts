import { readdirSync, readFileSync } from 'node:fs';
import type { FuzzTarget } from './target.js';

const folder = new URL('../targets/', import.meta.url);
const corpus = new URL('../corpus/', import.meta.url);

export const TARGETS: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -3));

export async function loadTarget(name: string): Promise<FuzzTarget> {
  return (await import(`../targets/${name}.ts`)).default as FuzzTarget;
}

/** Inputs that are kept for a target: those that found something, and those that go where others do not. */
export function corpusOf(name: string): Uint8Array[] {
  try {
    const own = new URL(`${name}/`, corpus);
    return readdirSync(own)
      .sort()
      .map((file) => readFileSync(new URL(file, own)));
  } catch {
    return [];
  }
}
