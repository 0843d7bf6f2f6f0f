import { randomUUID } from 'node:crypto';
import { constants, copyFile, type FileHandle, link, lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Claim } from '../../batch/claims.js';
import { type Clip, clipStem } from '../../batch/clips.js';
import { makeFolder } from '../files/makeFolder.js';
import { lockPath, partialPath } from '../files/outputTarget.js';
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
  /** What the runs of long clips keep of themselves, a folder each. */
  states: join('.batch', 'states'),
} as const;

/** Where a clip is made: paths that no other process writes to. */
export interface ClipPlace {
  /** The video until it is whole. */
  readonly path: string;
  /** The state of its run: there where another worker was killed at it, else free. */
  readonly state: string;
}

/** The folder of a batch; any number of workers may have it open. */
export class BatchFolder {
  /** @param states where states of runs go, in the place of a folder inside it */
  constructor(
    readonly path: string,
    private readonly states?: string,
  ) {}

  /** @throws TokenTrimError where folders cannot be made */
  async make(): Promise<void> {
    for (const part of Object.keys(PARTS) as (keyof typeof PARTS)[])
      await makeFolder(this.part(part), this.path, 'Choose another folder.');
  }

  part(name: keyof typeof PARTS): string {
    return name === 'states' && this.states !== undefined ? this.states : join(this.path, PARTS[name]);
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
   * Where a clip is made. The state of a run that was killed at it moves there; what else workers left there is taken away.
   * @throws TokenTrimError where the clip could not get its name in the end
   */
  async begin(clip: Pick<Clip, 'file'> & { readonly key: string }, force = false): Promise<ClipPlace> {
    await this.#ensureReplaceable(this.video(clip), force);
    const own = `${clip.key}-${randomUUID().slice(0, 8)}`;
    const place = { path: join(this.part('work'), `${own}.mp4`), state: join(this.part('states'), own) };
    await this.#takeOver(clip.key, place);
    await this.sweep(clip, own);
    return place;
  }

  /** Takes away what workers left that were killed, or failed, while they made a clip, but for what is named `own`. */
  async sweep({ key }: { readonly key: string }, own?: string): Promise<void> {
    for (const part of [this.part('work'), this.part('states')]) {
      const names = (await readdir(part)).map((name) => ({ name, plain: name.replace(/^\./, '') }));
      const left = names.filter(({ plain }) => plain.startsWith(`${key}-`) && !(own && plain.startsWith(own)));
      for (const { name } of left) await rm(join(part, name), { recursive: true, force: true });
    }
  }

  /**
   * The state of a run that was killed, and its video. Should its worker only have slept, it finds no state any more to
   * write to; the video is copied, since it may have that open.
   */
  async #takeOver(key: string, { path, state }: ClipPlace): Promise<void> {
    const left = (await readdir(this.part('states'))).find((name) => name.startsWith(`${key}-`));
    if (left === undefined) return;
    try {
      await rename(join(this.part('states'), left), state);
    } catch {
      return; // another has it
    }
    await rm(lockPath(join(state, 'state')), { force: true });
    const video = partialPath(join(this.part('work'), `${left}.mp4`));
    await copyFile(video, partialPath(path), constants.COPYFILE_FICLONE).catch(() => undefined); // it is made again
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
