import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { TokenTrimError } from '../errors.js';
import type { ModelFolder } from '../weights/modelFolder.js';
import type { GenerateFlags } from './generateFlags.js';

/** Refuses outputs that would overwrite one another, or what the run reads. */
export async function checkPaths(flags: GenerateFlags, model: ModelFolder): Promise<void> {
  const { transformer, vae, textEncoder, tokenizerPath } = model;
  const inputs = [
    ['--noise', flags.noise],
    ['--image', flags.image],
    ['--video', flags.video],
    ['--prompts-at', flags.promptsAt],
    ...[transformer.label, vae.label, textEncoder.label, tokenizerPath].map((path) => ['the model', path]),
  ];
  const outputs = [
    ['--out', flags.out],
    ['--save-latents', flags.saveLatents],
    ['--save-noise', flags.saveNoise],
  ];
  const taken = new Map<string, string>();
  for (const [name, path] of inputs) if (name && path) taken.set(await identity(path), name);
  for (const [name, path] of outputs) {
    if (!name || !path) continue;
    const file = await identity(path);
    const other = taken.get(file);
    if (other) throw new TokenTrimError(`${name} and ${other} are the same file, ${path}: choose another ${name}`);
    taken.set(file, name);
  }
}

/** The same for two paths of one file, links included; a file that is not there yet is known by its folder and name. */
async function identity(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found) return `${found.dev}:${found.ino}`;
  const whole = resolve(path);
  return join(await realpath(dirname(whole)).catch(() => dirname(whole)), basename(whole));
}
