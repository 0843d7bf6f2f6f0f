import * as z from 'zod';
import { type FrameRows, readSlot, writeSlot } from '../../models/wan/cacheFrames.js';
import type { KvCache } from '../../models/wan/kvCache.js';
import { hostTensorSchema } from '../../tensor/hostTensor.js';
import type { SavedCache } from './savedRun.js';
import { packData, unpackData } from './stateData.js';
import type { StateStore } from './stateStore.js';

const rowsSchema: z.ZodType<FrameRows> = z.array(hostTensorSchema);

/**
 * Keeps the rows of a cache, a file for each latent frame. The rows of a frame stay as they are once its block is finished, so
 * only frames that are new since `before` are written.
 * @param blocks how many the cache has been written by
 */
export async function keepCache(
  store: StateStore,
  cache: KvCache,
  blocks: number,
  before: SavedCache | null,
): Promise<SavedCache> {
  const { frames, freeSlots } = cache.state;
  const known = new Set(before?.frames.map(({ rows }) => rows));
  const kept: SavedCache['frames'][number][] = [];
  for (const { frame, slot, stamp, live } of frames) {
    const rows = `rows-${frame}-${stamp}`;
    if (!known.has(rows)) await store.write(rows, await packData(await readSlot(cache, slot)));
    kept.push({ frame, slot, stamp, live: Uint32Array.from(live), rows });
  }
  return { blocks, frames: kept, freeSlots };
}

/**
 * Fills a new cache with what was kept.
 * @returns whether it could be: where a file is damaged the cache stays empty
 */
export async function fillCache(
  store: StateStore,
  cache: KvCache,
  { frames, freeSlots }: SavedCache,
): Promise<boolean> {
  try {
    for (const { slot, rows } of frames) {
      const bytes = await store.read(rows);
      writeSlot(cache, slot, rowsSchema.parse(bytes && (await unpackData(bytes))));
      await cache.device.synchronize(); // or all that is uploaded would wait on the host at once
    }
    cache.restore({ frames: frames.map((kept) => ({ ...kept, live: Array.from(kept.live) })), freeSlots });
    return true;
  } catch (error) {
    if (error instanceof z.ZodError) return false;
    throw error;
  }
}
