import { writeSync } from 'node:fs';
import type { FrameSink } from '../media/frameSink.js';
import { digestFile, type FileDigest } from '../node/weights/fileDigest.js';
import type { KernelTime } from '../tensor/device.js';
import type { PreparedRun } from './preparedRun.js';
import { printable } from './printable.js';
import { PROGRAM } from './programName.js';
import { type BlockRow, REPORT_VERSION, type Report, reportSchema } from './reportSchema.js';
import { settingsOf } from './settings.js';
import type { VideoRecord } from './videoRecord.js';

/** In the order in which the schema, and who reads the output, has them. */
const FIELDS = Object.keys(reportSchema.shape) as (keyof Report)[];

/** What is known of a run so far: all that the object of `--json` says. */
export class RunReport {
  status: Report['status'] | undefined;
  prepared: PreparedRun | undefined;
  sink: FrameSink | undefined;
  /** Pictures written. */
  frames = 0;
  readonly blocks: BlockRow[] = [];
  kernels: readonly KernelTime[] | undefined;
  /** How the finished video was made. */
  record: VideoRecord | undefined;
  #weights: FileDigest[] = [];

  /** @param isPrinted whether it is printed in the end, as `--json` asks */
  constructor(private readonly isPrinted = false) {}

  /** Hashes the model's files, for a report that is printed; it need not be waited for until the end. */
  async digestWeights(files: readonly string[]): Promise<void> {
    if (!this.isPrinted) return;
    const digests = await Promise.all(files.map((file) => digestFile(file).catch(() => undefined))); // it may be gone by now
    this.#weights = digests.filter((digest) => digest !== undefined);
  }

  /** The object as it is now. */
  toJSON(status: Report['status'], error: string | null): Report {
    const report = { ...this.#ending(status, error), ...(this.prepared ? this.#of(this.prepared) : NOTHING_PREPARED) };
    return Object.fromEntries(FIELDS.map((name) => [name, report[name]])) as Report;
  }

  #ending(status: Report['status'], error: string | null) {
    return {
      schema: REPORT_VERSION,
      program: PROGRAM,
      status,
      error,
      seconds: performance.now() / 1000,
      out: this.sink?.path ?? null,
      frames: this.frames,
      blocks: this.blocks,
      kernels: this.kernels ? [...this.kernels] : null,
      weights: this.#weights,
    } as const;
  }

  #of(prepared: PreparedRun) {
    const { folder, device, plan } = prepared;
    const { decode, peakBytes, stages, limitBytes = null, largestWork } = prepared.memory;
    const settings = settingsOf(prepared);
    return {
      ...plan.pixel,
      fps: plan.fps,
      seed: settings.seed,
      preset: plan.preset,
      model: folder.config.name,
      adapter: device.name,
      peakGpuBytes: device.kind === 'gpu' ? device.memory.peakBytes : 0,
      compiledKernels: device.kernels.names.length,
      ...prepared.prompts,
      settings,
      parts: folder.parts.map(({ part, path, recognised, naming = null, section = null, dtypes = null }) => {
        return { part, path, recognised, naming, section, dtypes };
      }),
      plan: { ...plan },
      memory: { decode, peakBytes, stages: [...stages], limitBytes, largestWork },
    };
  }
}

const NOTHING_PREPARED = {
  width: null,
  height: null,
  fps: null,
  seed: null,
  preset: null,
  model: null,
  adapter: null,
  peakGpuBytes: null,
  compiledKernels: null,
  prompts: [] as Report['prompts'],
  negativePrompt: null,
  settings: null,
  parts: [] as Report['parts'],
  plan: null,
  memory: null,
};

/** The report that is to be printed when the process ends. */
let due: RunReport | undefined;
let failure: string | undefined;

/** Remembers what standard error says of the end. */
export function noteFailure(message: string): void {
  failure ??= message;
}

/** The first exit status that stands for a signal. */
const SIGNALS = 128;

/**
 * Has the report printed on standard output when the process ends, be it by a signal or by an error: one object, always.
 * @param onProblem told of a reader that has gone away
 */
export function printAtEnd(report: RunReport, onProblem: (error: unknown) => void): void {
  if (!due) process.once('exit', (code) => printDue(code, onProblem));
  due = report;
}

/** Nothing is printed after all: help was, or the user took `--json` back. */
export function printNothing(): void {
  due = undefined;
}

function printDue(code: number, onProblem: (error: unknown) => void): void {
  if (!due) return;
  const isWhole = failure === undefined && code === 0 && due.status !== undefined;
  const early = code > SIGNALS ? 'interrupted' : 'failed';
  const error = failure ?? (early === 'interrupted' ? 'interrupted' : `the program ended with exit status ${code}`);
  const report = isWhole ? due.toJSON(due.status as Report['status'], null) : due.toJSON(early, error);
  try {
    writeWhole(Buffer.from(printable(`${JSON.stringify(report)}\n`)), isWhole);
  } catch (problem) {
    onProblem(problem);
  }
}

/** Milliseconds that a process which must end waits for a reader that takes nothing. */
const PATIENCE = 1000;

/**
 * Writes to standard output in the one way that waits: nothing else runs while a process ends.
 * @param isDone whether a reader may take as long as it likes; a signal still ends the process then
 */
function writeWhole(bytes: Buffer, isDone: boolean): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  let waited = 0;
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(1, bytes, done);
      waited = 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error; // a pipe that is full for now
      if (waited++ >= PATIENCE && !isDone) throw error;
      Atomics.wait(clock, 0, 0, 1);
    }
  }
}
