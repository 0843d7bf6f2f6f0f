import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ensure, TokenTrimError } from '../../errors.js';
import { cachedSnapshot, hubCache, isThere } from './hubCache.js';
import { HUB_PRESETS, type HubFile, isHubPreset } from './presets.js';

/** What `--model` stands for. */
export interface ResolvedModel {
  /** The folder, or the file where a path inside a repository was named. */
  readonly path: string;
  /** The transformer, where a preset has it in another repository. */
  readonly checkpoint?: string;
}

/**
 * Finds what `--model` (or `--checkpoint` and its like) names, without the network: a path stays as it is;
 * `hf:organisation/name`, with `@revision` or `/path/in/it` behind, is looked up in the Hub's cache; so is everything
 * that `tokentrim download <preset>` fetched, by the preset's name, unless there is a file or folder of that name.
 *
 * @throws TokenTrimError where the cache does not have it
 */
export async function resolveModel(model: string): Promise<ResolvedModel> {
  if (model.startsWith('hf:')) return { path: await resolveRepo(model) };
  if (!isHubPreset(model) || (await stat(model).catch(() => undefined))) return { path: model };
  const files: readonly HubFile[] = HUB_PRESETS[model];
  const cache = hubCache();
  for (const { repo, path } of files) {
    const snapshot = await cachedSnapshot(cache, repo);
    ensure(
      snapshot && (await isThere(join(snapshot, path))),
      `${model}: ${path} of ${repo} is not in the cache ${cache}: run \`tokentrim download ${model}\` first`,
    );
  }
  const folder = (await cachedSnapshot(cache, files[0].repo)) ?? '';
  const transformer = files[files.length - 1];
  if (transformer.repo === files[0].repo) return { path: folder };
  return { path: folder, checkpoint: join((await cachedSnapshot(cache, transformer.repo)) ?? '', transformer.path) };
}

/**
 * The parts of `hf:organisation/name`, with `@revision` or `/path/in/it` behind.
 * @throws TokenTrimError where it is no such name
 */
export function parseHubName(model: string): { repo: string; revision?: string; path?: string } {
  const [, repo, revision, path] = /^hf:([\w.-]+\/[\w.-]+)(?:@([\w.-]+))?(?:\/(.+))?$/.exec(model) ?? [];
  ensure(
    repo && !repo.includes('..') && !revision?.includes('..') && !path?.split(/[\\/]/).includes('..'),
    `${model}: expected hf:organisation/name, such as hf:Wan-AI/Wan2.1-T2V-1.3B`,
  );
  return { repo, revision, path };
}

async function resolveRepo(model: string): Promise<string> {
  const { repo, revision, path } = parseHubName(model);
  const cache = hubCache();
  const snapshot = await cachedSnapshot(cache, repo, revision);
  const found = snapshot && join(snapshot, path ?? '');
  if (found && (await isThere(found))) return found;
  const preset = Object.entries(HUB_PRESETS).find(([, files]) => files.some((file) => file.repo === repo))?.[0];
  throw new TokenTrimError(
    `${model} is not in the cache ${cache}: run \`${preset ? `tokentrim download ${preset}` : `hf download ${repo}`}\` first`,
  );
}
