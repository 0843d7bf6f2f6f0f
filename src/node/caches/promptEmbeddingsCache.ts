import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { PromptStore } from '../../pipelines/prompts/promptEmbeddings.js';
import { areFinite } from '../../tensor/notFinite.js';
import { toFloat32 } from '../../weights/convert.js';
import { openSafetensors } from '../../weights/safetensors/tensorFile.js';
import { openFileBytes } from '../files/fileBytes.js';
import { cacheProblem } from '../files/writeProblem.js';
import { writeSafetensors } from '../weights/writeSafetensors.js';

/** Past this many bytes the entries that were not used for longest are removed. */
const MAX_CACHE_BYTES = 256 * 2 ** 20;

const TENSOR = 'prompt_embeds';

/** An entry, or what is left of one whose writing was cut off. */
const ENTRY = /^[0-9a-f]{64}\.safetensors(\.\d+\.tmp)?$/;

/**
 * Prompt embeddings by key, one safetensors file each: the real rows [rows, dim] in f32, with a hash of their bytes.
 * What is damaged counts as absent.
 */
export class PromptEmbeddingsCache implements PromptStore {
  constructor(
    readonly folder: string,
    private readonly maxBytes = MAX_CACHE_BYTES,
  ) {}

  /** The embeddings under a key, or undefined where they are not there, of another shape, or damaged. */
  async read(key: string, shape: readonly [number, number]): Promise<Float32Array | undefined> {
    const path = this.#path(key);
    try {
      const source = await openSafetensors(await openFileBytes(path));
      try {
        const { dtype, shape: stored } = source.info(TENSOR);
        if (dtype !== 'F32' || stored.join() !== shape.join()) return undefined;
        const bytes = await source.read(TENSOR);
        if (source.metadata.get('sha256') !== sha256(bytes)) return undefined;
        await utimes(path, new Date(), new Date()).catch(() => {}); // a folder that is only read is fine
        const embeds = toFloat32(bytes, dtype);
        return areFinite(embeds) ? embeds : undefined;
      } finally {
        await source.close();
      }
    } catch {
      return undefined;
    }
  }

  /**
   * Keeps embeddings under a key, then removes old entries until the folder is small enough.
   * @returns why that was not possible, as a sentence; undefined where it was
   */
  async write(key: string, embeds: Float32Array, shape: readonly [number, number]): Promise<string | undefined> {
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      const bytes = new Uint8Array(embeds.buffer, embeds.byteOffset, embeds.byteLength);
      const tensors = new Map([[TENSOR, { dtype: 'F32' as const, shape, data: embeds }]]);
      await writeSafetensors(this.#path(key), tensors, { sha256: sha256(bytes) });
      await this.#removeOld(key);
      return undefined;
    } catch (error) {
      return `The prompt's embeddings are not kept for the next run: ${cacheProblem(this.folder, error)}`;
    }
  }

  #path(key: string): string {
    return join(this.folder, `${key}.safetensors`);
  }

  async #removeOld(newest: string): Promise<void> {
    const names = (await readdir(this.folder)).filter((name) => ENTRY.test(name) && !name.startsWith(newest));
    const entries: { path: string; size: number; used: number }[] = [];
    for (const path of names.map((name) => join(this.folder, name))) {
      const found = await stat(path).catch(() => undefined); // another process may remove it meanwhile
      if (found?.isFile()) entries.push({ path, size: found.size, used: found.mtimeMs });
    }
    entries.sort((left, right) => right.used - left.used);
    let total = (await stat(this.#path(newest))).size;
    for (const { path, size } of entries) {
      total += size;
      if (total > this.maxBytes) await rm(path, { force: true });
    }
  }
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
