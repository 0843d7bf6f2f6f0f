import { resolveModel } from '../node/hub/resolveModel.js';
import { type ModelFolder, openModelFolder } from '../node/model/modelFolder.js';
import { toyWorld } from '../node/model/toyWorld.js';
import type { GenerateFlags } from './generateFlags.js';

/** Opens what `--model` and the flags for its parts name; the toy world where they name nothing. */
export async function openModel(flags: GenerateFlags): Promise<ModelFolder> {
  const { section, vae, textEncoder, tokenizer } = flags;
  const isComplete = flags.checkpoint && vae && textEncoder && tokenizer;
  const named = flags.model ?? (isComplete ? undefined : toyWorld);
  const resolved = named === undefined ? undefined : await resolveModel(named);
  const [checkpoint, ...parts] = await Promise.all(
    [flags.checkpoint, vae, textEncoder, tokenizer].map(async (file) => file && (await resolveModel(file)).path),
  );
  return openModelFolder(resolved?.path, {
    checkpoint: checkpoint ?? resolved?.checkpoint,
    section,
    vae: parts[0],
    textEncoder: parts[1],
    tokenizer: parts[2],
    prefer: flags.preset === 'wan' ? 'bidirectional' : undefined,
  });
}
