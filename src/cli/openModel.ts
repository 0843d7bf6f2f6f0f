import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { resolveModel } from '../node/hub/resolveModel.js';
import { type ModelFolder, openModelFolder } from '../node/model/modelFolder.js';
import { toyWorld } from '../node/model/toyWorld.js';
import { type GenerateFlags, MODEL_FLAGS } from './generateFlags.js';

/** Opens what `--model` and the flags for its parts name; the toy world where they name nothing. */
export async function openModel(flags: GenerateFlags): Promise<ModelFolder> {
  const { section, vae, textEncoder, tokenizer } = flags;
  const isComplete = flags.checkpoint && vae && textEncoder && tokenizer;
  const named = flags.model ?? (isComplete ? undefined : toyWorld);
  const resolved = named === undefined ? undefined : await resolveModel(named);
  const [checkpoint, ...parts] = await Promise.all(
    [flags.checkpoint, vae, textEncoder, tokenizer].map(async (file) => file && (await resolveModel(file)).path),
  );
  const opened = await openModelFolder(resolved?.path, {
    checkpoint: checkpoint ?? resolved?.checkpoint,
    section,
    vae: parts[0],
    textEncoder: parts[1],
    tokenizer: parts[2],
    prefer: flags.preset === 'wan' ? 'bidirectional' : undefined,
  });
  const source = sourceOf(flags);
  return Object.keys(source).length > 0 ? { ...opened, source } : opened;
}

/** What the flags name, for a plan that is run from another folder: paths that lead somewhere are made whole. */
function sourceOf(flags: GenerateFlags): Record<string, string> {
  const named = MODEL_FLAGS.flatMap((name) => {
    const value = flags[name];
    if (value === undefined) return [];
    return [[name, name !== 'section' && existsSync(value) ? resolve(value) : value] as const];
  });
  return Object.fromEntries(named);
}
