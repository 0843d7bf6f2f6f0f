import { type FileHandle, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TokenTrimError } from '../../errors.js';
import type { EndEvent, Sheet, TraceEvent } from '../../trace/format.js';
import type { TracedPicture, TracedTensor, TraceSink } from '../../trace/traceSink.js';
import { unwritable } from '../files/writeProblem.js';
import type { SheetEncoder } from './sheetEncoder.js';
import { claimTraceFolder, type TraceClaim } from './traceClaim.js';
import { checkFileName, EVENTS_FILE, PLAN_FILE, UNFINISHED } from './traceNames.js';
import { encodeTensors } from './traceTensors.js';

/** How a folder is made a trace's. */
export interface TraceFolderOptions {
  /** What makes sheets of pictures. */
  readonly encodeSheet: SheetEncoder;
  /** Replace a trace that is there; what is no trace never is. */
  readonly force?: boolean;
  /** How the user named the folder, such as --trace. */
  readonly option?: string;
}

/**
 * A trace in a folder: a line an event in `events.jsonl`, the plan in `plan.json`, tensors and pictures in files of their
 * own. A line is written in one go, after the files that it names; those get their names when they are whole. So whatever
 * ends the process, what lies there can be read up to the last whole line.
 *
 * What cannot be written fails the call that hands it over, and every later one: all with the same TokenTrimError.
 */
export class TraceFolder implements TraceSink {
  #events: FileHandle | undefined;
  #length = 0;
  #files: Promise<unknown> = Promise.resolve(); // handed over, and perhaps not written
  #lines: Promise<void> = Promise.resolve();
  #began = { clock: 0, at: 0 };
  #hasEnd = false;
  #failure: TokenTrimError | undefined;
  #count = 0;
  #emptying: Promise<void> | undefined;

  private constructor(
    /** As the user gave it. */
    readonly path: string,
    private readonly claim: TraceClaim,
    private readonly encodeSheet: SheetEncoder,
  ) {}

  /**
   * Claims a folder. What is there stays as it is until the first event or file.
   * @throws TokenTrimError as `claimTraceFolder` does
   */
  static async create(path: string, options: TraceFolderOptions): Promise<TraceFolder> {
    const { encodeSheet, force = false, option = '--trace' } = options;
    return new TraceFolder(path, await claimTraceFolder(path, option, force), encodeSheet);
  }

  event(event: TraceEvent): Promise<void> {
    if (event.kind === 'begin') this.#began = { clock: performance.now(), at: event.at };
    if (event.kind === 'begin' && event.plan) this.#add(() => this.#write(PLAN_FILE, planBytes(event.plan)));
    if (event.kind === 'end') this.#hasEnd = true;
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    const [files, lines] = [this.#files, this.#lines];
    this.#lines = this.#guarded(async () => {
      await Promise.all([files, lines]);
      await this.#append(line);
    });
    this.#lines.catch(() => undefined); // who does not wait is told by `close`
    return this.#lines;
  }

  async tensors(file: string, tensors: readonly TracedTensor[]): Promise<void> {
    checkFileName(file, this.path);
    const bytes = encodeTensors(join(this.path, file), tensors); // at once: the values are the caller's
    return this.#add(() => this.#write(file, bytes));
  }

  /** As `TraceSink` says; the pixels stay as they are until it is done. */
  async pictures(name: string, pictures: readonly TracedPicture[], most?: number): Promise<Sheet> {
    const file = `${name}.webp`;
    checkFileName(file, this.path);
    return this.#add(async () => {
      const { bytes, ...sheet } = await this.encodeSheet(pictures, most);
      await this.#write(file, bytes);
      return { file, ...sheet };
    });
  }

  /**
   * Ends the trace, with an event that says how unless one was there; gives the folder free. It may be called again.
   * Nothing stays where nothing was written.
   * @throws TokenTrimError where what was handed over could not all be written
   */
  async close(status: EndEvent['status'], message: string | null = null): Promise<void> {
    if (this.#began.clock > 0 && !this.#hasEnd) {
      const at = this.#began.at + (performance.now() - this.#began.clock) / 1000;
      this.event({ kind: 'end', at, status, message }).catch(() => undefined);
    }
    await Promise.allSettled([this.#files, this.#lines]);
    const events = this.#events;
    this.#events = undefined;
    await events?.close().catch((error: unknown) => this.#failed(error));
    await this.claim.release(this.#count === 0);
    if (this.#failure) throw this.#failure;
  }

  /** Has `work` done beside what else is handed over, and before the next event. */
  #add<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#guarded(work);
    this.#files = Promise.all([this.#files, done]).then(() => undefined);
    this.#files.catch(() => undefined); // the next event tells, and so does `close`
    return done;
  }

  async #guarded<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      if (this.#failure) throw this.#failure;
      return await work();
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #failed(error: unknown): TokenTrimError {
    this.#failure ??=
      error instanceof TokenTrimError ? error : unwritable(this.path, error, 'Make room, or choose another folder.');
    return this.#failure;
  }

  /**
   * Before the first byte: the trace of an earlier run goes, and the file of events is there, by which a folder is known to
   * be a trace whenever the process ends.
   */
  #prepared(): Promise<void> {
    this.#emptying ??= this.claim.empty().then(async () => {
      this.#events = await open(join(this.path, EVENTS_FILE), 'wx');
    });
    return this.#emptying;
  }

  async #append(line: Uint8Array): Promise<void> {
    await this.#prepared();
    const events = this.#events as FileHandle;
    this.#count++;
    const { bytesWritten } = await events.write(line, 0, line.byteLength, this.#length);
    if (bytesWritten < line.byteLength) {
      await events.truncate(this.#length);
      throw Object.assign(new Error('a line was cut'), { code: 'ENOSPC' });
    }
    this.#length += line.byteLength;
  }

  /** A file that has its name once it is whole. */
  async #write(file: string, bytes: Uint8Array): Promise<void> {
    await this.#prepared();
    this.#count++;
    const path = join(this.path, file);
    const unfinished = `${path}${UNFINISHED}-${process.pid}`;
    const folder = dirname(path);
    if (folder !== this.path) await mkdir(folder, { recursive: true });
    try {
      await writeFile(unfinished, bytes, { flag: 'wx' });
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => undefined);
      throw error;
    }
  }
}

const planBytes = (plan: unknown) => Buffer.from(`${JSON.stringify(plan, null, 2)}\n`);
