import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TokenTrimError } from '../../errors.js';
import { atExit } from './atExit.js';
import { type Beginning, type EarlierOutput, findEarlier, LostOutputError } from './earlierOutput.js';
import { type MadeFolders, makeFolder } from './makeFolder.js';
import { ensureUnlocked, type OutputLock, takeLock } from './outputLock.js';
import { finalPath, outputTarget, partialPath } from './outputTarget.js';
import { ensureReplaceable, isUnreadable } from './ownFile.js';
import { renameToFree } from './renameToFree.js';
import { syncFile, syncFolder } from './syncFile.js';
import { unwritable } from './writeProblem.js';

export interface OutputOptions {
  /** How the user named it, such as --out. */
  readonly option?: string;
  /** Replace a file that this program did not write. */
  readonly force?: boolean;
  /** Make the folders that are missing. */
  readonly makeFolders?: boolean;
  /** Whether what was written of it is of use where it never gets finished. */
  readonly isUsefulUnfinished?: boolean;
  /** Go on with what an earlier run left, which begins so; what comes behind is cut off at the first write. */
  readonly from?: Beginning;
}

/**
 * A file that is being made. Until it is finished it lies under another name beside its own (`video.partial.mp4`), so that
 * its own holds what it held, or nothing; a lock keeps other runs off both. docs/decisions/011-outputs.md has the rules.
 */
export class OutputFile {
  /** Where it lies while it is written. */
  readonly partial: string;
  readonly #target: string;
  #file: FileHandle | undefined;
  #opening: Promise<FileHandle> | undefined;
  #isOpen = true;
  #hasContent = false;
  #forget: () => void;

  private constructor(
    /** As the user gave it. */
    readonly path: string,
    target: string,
    private readonly options: OutputOptions,
    private readonly folders: MadeFolders,
    private readonly lock: OutputLock,
    /** What it goes on from. */
    readonly earlier?: EarlierOutput,
  ) {
    this.#target = target;
    this.#hasContent = earlier !== undefined;
    this.partial = target === path ? partialPath(target) : nearTo(path, partialPath(target));
    this.#forget = atExit(() => {
      if (this.#file && !(this.#hasContent && options.isUsefulUnfinished)) rmSync(this.#partialTarget, { force: true });
    });
  }

  /**
   * Claims `path`. What is there stays as it is until `finish`; so does an unfinished file of an earlier run until the first
   * write.
   * @throws TokenTrimError where it cannot be written or may not be replaced, with nothing left behind
   * @throws LostOutputError where there is nothing to go on from
   */
  static async open(path: string, options: OutputOptions = {}): Promise<OutputFile> {
    const { option = '--out', force = false, makeFolders = false, from } = options;
    const advice = `Choose another ${option}.`;
    const { path: target, isThere } = await outputTarget(path, advice);
    const folders = makeFolders ? await makeFolder(dirname(target), path, advice) : { remove: async () => {} };
    let lock: OutputLock | undefined;
    try {
      lock = await takeLock(target, path, advice);
      await ensureUnlocked(partialPath(target), path);
      const whole = finalPath(target);
      if (whole) await ensureUnlocked(whole, path);
      if (isThere) {
        await ensureReplaceable(target, path, { option, force });
        await (await open(target, 'r+')).close(); // a read-only file is not replaced, though its folder would allow it
      }
      await checkPartial(partialPath(target), force, option);
      const earlier = from && (await findEarlier([partialPath(target), target], from));
      if (from && !earlier) throw new LostOutputError(path);
      return new OutputFile(path, target, options, folders, lock, earlier);
    } catch (error) {
      await lock?.release();
      await folders.remove();
      throw error instanceof TokenTrimError ? error : unwritable(path, error, advice);
    }
  }

  /** @throws TokenTrimError where the bytes could not all be written */
  async write(data: Uint8Array, position: number): Promise<void> {
    try {
      this.#opening ??= this.#create(); // once, also for writes that come together
      const file = await this.#opening;
      for (let done = 0; done < data.byteLength; ) {
        done += (await file.write(data, done, data.byteLength - done, position + done)).bytesWritten;
      }
      this.#hasContent = true;
    } catch (error) {
      throw error instanceof TokenTrimError
        ? error
        : unwritable(this.path, error, 'Make room, or choose another disk.');
    }
  }

  /** Puts all that was written on the disk, and the file's name in its folder. */
  async sync(): Promise<void> {
    try {
      if (this.#file) await syncFile(this.#file);
      if (this.#file) await syncFolder(dirname(this.#target));
    } catch (error) {
      throw unwritable(this.path, error, 'Make room, or choose another disk.');
    }
  }

  /** Cuts what was written to its first `size` bytes. */
  async truncate(size: number): Promise<void> {
    await this.#file?.truncate(size);
    if (size === 0) this.#hasContent = false;
  }

  /**
   * Gives the finished file its name, in the place of what was there; a file that got no bytes there is not.
   * @throws TokenTrimError that says where the file lies, where it cannot get its name
   */
  async finish(): Promise<string> {
    if (!this.#hasContent) return this.#end();
    await this.#seal();
    const { option = '--out', force } = this.options;
    try {
      // Somebody may have put a file there in the meantime.
      if (await stat(this.#target).catch(() => undefined))
        await ensureReplaceable(this.#target, this.path, { option, force });
      await rename(this.#partialTarget, this.#target);
    } catch (error) {
      await this.#end();
      const reason = error instanceof TokenTrimError ? 'a file that this program did not write came there' : error;
      throw unwritable(this.path, reason, `${this.partial} holds it, and is whole.`);
    }
    return this.#end();
  }

  /**
   * Ends a file that is whole but shorter than it was meant to be: it gets its name only where nothing stands there.
   * @returns where it lies
   */
  async finishEarly(): Promise<string> {
    if (!this.#hasContent) return this.#end();
    await this.#seal();
    try {
      await renameToFree(this.#partialTarget, this.#target);
    } catch {
      await this.#end();
      return this.partial;
    }
    return this.#end();
  }

  /**
   * Gives the file up. What was written stays under the partial name where that is of use.
   * @returns that name; undefined where nothing stays
   */
  async giveUp(): Promise<string | undefined> {
    if (!this.#isOpen) return undefined;
    if (this.earlier && !this.#opening) {
      await this.#end();
      return this.earlier.path === this.#target ? this.path : this.partial;
    }
    await this.#opening?.catch(() => undefined);
    await this.#file?.close().catch(() => undefined); // which waits for what is being written
    const isUseful = this.#hasContent && this.options.isUsefulUnfinished;
    const stays = isUseful && !(await isUnreadable(this.#partialTarget).catch(() => false));
    if (!stays && this.#file) await rm(this.#partialTarget, { force: true }).catch(() => undefined);
    this.#file = undefined;
    await this.#end();
    return stays ? this.partial : undefined;
  }

  /** A new file, in the place of an older one: what other names that had, keep it. Or the older one, cut to its beginning. */
  async #create(): Promise<FileHandle> {
    await this.lock.ensureHeld();
    if (this.earlier) {
      if (this.earlier.path === this.#target) await rename(this.#target, this.#partialTarget);
      this.#file = await open(this.#partialTarget, 'r+');
      await this.#file.truncate(this.earlier.bytes);
      return this.#file;
    }
    await rm(this.#partialTarget, { force: true });
    this.#file = await open(this.#partialTarget, 'wx');
    return this.#file;
  }

  get #partialTarget(): string {
    return partialPath(this.#target);
  }

  /** All bytes on the disk: a disk may say only now that it is full. */
  async #seal(): Promise<void> {
    try {
      if (this.#file) await syncFile(this.#file);
      await this.#file?.close();
      this.#file = undefined;
    } catch (error) {
      throw unwritable(this.path, error, 'Make room, or choose another disk.');
    }
  }

  async #end(): Promise<string> {
    if (!this.#isOpen) return this.path;
    this.#isOpen = false;
    this.#forget();
    if (this.#file) {
      await this.#file.close();
      await rm(this.#partialTarget, { force: true });
    }
    await this.lock.release();
    await this.folders.remove();
    return this.path;
  }
}

/** A link's target may lie elsewhere: its partial file lies there too. */
function nearTo(path: string, partial: string): string {
  const near = join(dirname(path), basename(partial));
  return join(process.cwd(), near) === partial || near === partial ? near : partial;
}

/** What an earlier run left there may go, nothing else; and a file can be made there, which is tried. */
async function checkPartial(partial: string, force: boolean, option: string): Promise<void> {
  const found = await lstat(partial).catch(() => undefined);
  if (found && !found.isFile())
    throw unwritable(partial, 'it is no plain file', `Move it away, or choose another ${option}.`);
  if (found) await ensureReplaceable(partial, partial, { option, force, isPartial: true });
  const probe = join(dirname(partial), `.tokentrim-${randomUUID()}`);
  await (await open(probe, 'wx')).close();
  await rm(probe);
}
