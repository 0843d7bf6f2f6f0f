import { randomUUID } from 'node:crypto';
import { type FileHandle, link, lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Claim } from '../../batch/claims.js';
import { type Clip, clipStem } from '../../batch/clips.js';
import { makeFolder } from '../files/makeFolder.js';
import { ensureReplaceable } from '../files/ownFile.js';
import { syncFile } from '../files/syncFile.js';
import { unwritable } from '../files/writeProblem.js';
import { sha256Of } from '../weights/fileDigest.js';
import { type ClipFailure, type ClipRecord, readFailure, readRecord } from './clipRecord.js';

/** What lies in the folder of a batch. */
const PARTS = {
  /** The clips, and nothing else: VBench takes the ending of all files from the first that it finds. */
  videos: 'videos',
  /** A record for each clip, by its name. */
  plans: 'plans',
  failed: 'failed',
  /** What the clips of each list are. */
  lists: join('.batch', 'lists'),
  claims: join('.batch', 'claims'),
  /** Where clips are until they are whole; each file is one process's. */
  work: join('.batch', 'work'),
} as const;

/** The folder of a batch; any number of workers may have it open. */
export class BatchFolder {
  constructor(readonly path: string) {}

  /** @throws TokenTrimError where folders cannot be made */
  async make(): Promise<void> {
    for (const part of Object.values(PARTS))
      await makeFolder(join(this.path, part), this.path, 'Choose another folder.');
  }

  part(name: keyof typeof PARTS): string {
    return join(this.path, PARTS[name]);
  }

  /** Where a clip is when it is finished. */
  video({ file }: Pick<Clip, 'file'>): string {
    return join(this.part('videos'), file);
  }

  record({ file }: Pick<Clip, 'file'>): string {
    return join(this.part('plans'), `${clipStem(file)}.json`);
  }

  failure({ file }: Pick<Clip, 'file'>): string {
    return join(this.part('failed'), `${clipStem(file)}.json`);
  }

  /**
   * The record of a clip that is there, of this plan.
   * @param isWhole whether its bytes are looked at too, and not its size alone
   */
  async finished(clip: Pick<Clip, 'file' | 'digest'>, isWhole: boolean): Promise<ClipRecord | undefined> {
    const record = await readRecord(this.record(clip));
    if (record?.digest !== clip.digest || record.file !== clip.file) return undefined;
    try {
      const path = this.video(clip);
      const found = await lstat(path);
      if (!found.isFile() || found.size !== record.bytes) return undefined;
      if (isWhole && (await sha256Of(path)) !== record.sha256) return undefined;
      return record;
    } catch {
      return undefined; // it was taken away meanwhile
    }
  }

  failed(clip: Pick<Clip, 'file'>): Promise<ClipFailure | undefined> {
    return readFailure(this.failure(clip));
  }

  /**
   * A path for a clip that is being made, which no other process writes to. What workers left there that were killed at it
   * is taken away.
   * @throws TokenTrimError where the clip could not get its name in the end
   */
  async begin(clip: Pick<Clip, 'file'> & { readonly key: string }, force = false): Promise<string> {
    await this.#ensureReplaceable(this.video(clip), force);
    await this.sweep(clip);
    return join(this.part('work'), `${clip.key}-${randomUUID().slice(0, 8)}.mp4`);
  }

  /** Takes away what workers left that were killed, or failed, while they made a clip. */
  async sweep({ key }: { readonly key: string }): Promise<void> {
    const work = this.part('work');
    const left = (await readdir(work)).filter((name) => name.replace(/^\./, '').startsWith(`${key}-`));
    for (const name of left) await rm(join(work, name), { force: true });
  }

  /**
   * Gives a finished clip its name and then its record, which makes it count.
   * @param made where it lies; nothing is left there
   * @returns the record; undefined where another worker has taken the clip over
   * @throws TokenTrimError where it cannot be written
   */
  async publish(
    clip: Clip,
    made: string,
    record: Omit<ClipRecord, 'sha256' | 'bytes'>,
    { claim, force }: { readonly claim: Claim; readonly force: boolean | undefined },
  ): Promise<ClipRecord | undefined> {
    try {
      const [sha256, { size: bytes }] = await Promise.all([sha256Of(made), lstat(made)]);
      const path = this.video(clip);
      const isThere = await this.#ensureReplaceable(path, force);
      if (!(await claim.isHeld())) return undefined;
      if (isThere || !(await giveFreeName(made, path))) {
        if (!(await claim.isHeld())) return undefined; // it is of whoever has taken the clip over
        await rename(made, path);
      }
      const whole = { ...record, sha256, bytes };
      await this.writeWhole(this.record(clip), `${JSON.stringify(whole, null, 1)}\n`);
      await rm(this.failure(clip), { force: true });
      return whole;
    } finally {
      await rm(made, { force: true });
    }
  }

  /** Writes a text on another name, on the disk, and gives it its own: whoever looks finds all of it, or what was there. */
  async writeWhole(path: string, text: string): Promise<void> {
    const partial = join(this.part('work'), `${randomUUID()}.tmp`);
    let file: FileHandle | undefined;
    try {
      file = await open(partial, 'wx');
      await file.writeFile(text);
      await syncFile(file);
      await file.close();
      await rename(partial, path);
    } catch (error) {
      await file?.close().catch(() => undefined);
      await rm(partial, { force: true });
      throw unwritable(path, error);
    }
  }

  /** Whether something stands there. */
  async #ensureReplaceable(path: string, force = false): Promise<boolean> {
    const found = await lstat(path).catch(() => undefined);
    if (!found) return false;
    if (!found.isFile()) throw unwritable(path, 'it is no plain file', 'Move it away.');
    await ensureReplaceable(path, path, { option: 'folder', force });
    return true;
  }
}

/** Renames where nothing has the new name. Says whether it did; true without looking where there are no hard links. */
async function giveFreeName(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    await rename(from, to);
    return true;
  }
  await rm(from);
  return true;
}
