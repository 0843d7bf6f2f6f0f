import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ensure } from '../../errors.js';
import { readTextFile } from '../files/plainFile.js';

/** What a folder and the folders in it hold, without opening any of it; paths as they were reached. */
export interface FolderListing {
  /** Weight files, and indexes in place of the shards that they list. */
  readonly weights: readonly string[];
  /** Files called tokenizer.json. */
  readonly tokenizers: readonly string[];
}

const WEIGHTS = /\.(?:safetensors|pt|pth|bin|ckpt)$/i;
const INDEX = /\.safetensors\.index\.json$/;
/** Deep enough for Self Forcing's repository: `wan_models/Wan2.1-T2V-1.3B/google/umt5-xxl/tokenizer.json`. */
const MAX_DEPTH = 4;
/** Folders with more are not a model's: somebody gave a home folder, or a disk. */
const MAX_ENTRIES = 20_000;

/**
 * Looks for weights and tokenizers in a folder, four folders deep. Links are followed, and one file that is reached by
 * two paths counts once. Hidden folders are left out: downloads lie there half done.
 */
export async function listWeights(folder: string): Promise<FolderListing> {
  const listing = { weights: [] as string[], tokenizers: [] as string[] };
  const seen = new Set<string>();
  let entries = 0;
  const walk = async (place: string, depth: number): Promise<void> => {
    // A folder inside that may not be read, or went in the meantime, holds nothing for us.
    const names = (await readdir(place).catch((error) => (depth > 0 ? [] : Promise.reject(error)))).sort();
    entries += names.length;
    ensure(
      entries <= MAX_ENTRIES,
      `${folder}: expected a model folder, found more than ${MAX_ENTRIES} files in it. Name the model's own folder.`,
    );
    const shards = await shardsIn(place, names);
    const folders: string[] = [];
    for (const name of names) {
      const path = join(place, name);
      if (name.startsWith('.')) continue;
      const found = await stat(path).catch(() => undefined); // a link may lead nowhere
      if (found?.isDirectory()) folders.push(path);
      if (!found?.isFile() || shards.has(name)) continue;
      const isWeights = INDEX.test(name) || WEIGHTS.test(name);
      if (!isWeights && name !== 'tokenizer.json') continue;
      const real = await realpath(path);
      if (seen.has(real)) continue;
      seen.add(real);
      (isWeights ? listing.weights : listing.tokenizers).push(path);
    }
    if (depth < MAX_DEPTH) for (const path of folders) await walk(path, depth + 1);
  };
  await walk(folder, 0);
  return listing;
}

/** Names of the files that an index in this folder lists; by the usual pattern where the index cannot be read. */
async function shardsIn(place: string, names: readonly string[]): Promise<ReadonlySet<string>> {
  const shards = new Set<string>();
  for (const index of names.filter((name) => INDEX.test(name))) {
    const listed = await shardNames(join(place, index)).catch(() =>
      names.filter((name) => /-\d+-of-\d+\.safetensors$/.test(name)),
    );
    for (const shard of listed) shards.add(shard);
  }
  return shards;
}

/** The longest index that is read: as long as the longest header of a file that it may stand for. */
const MAX_INDEX_BYTES = 2 ** 24;

export function readIndexText(index: string): Promise<string> {
  return readTextFile(index, { what: 'an index of shards', limit: MAX_INDEX_BYTES });
}

/** The files that an index of shards lists, unchecked. */
export async function shardNames(index: string): Promise<string[]> {
  const { weight_map } = JSON.parse(await readIndexText(index));
  return [...new Set(Object.values(weight_map).map(String))];
}

/**
 * The folder to look in: of a repository in the Hub's cache (`models--org--name`) the snapshot that is its main branch,
 * else the folder itself.
 */
export async function snapshotOf(folder: string): Promise<string> {
  if (!basename(folder).startsWith('models--')) return folder;
  const main = await readTextFile(join(folder, 'refs', 'main'), { what: 'a commit', limit: 1024 }).catch(() => '');
  const snapshots = await readdir(join(folder, 'snapshots')).catch(() => []);
  const name = snapshots.find((snapshot) => snapshot === main.trim()) ?? (snapshots.length === 1 ? snapshots[0] : '');
  return name ? join(folder, 'snapshots', name) : folder;
}
