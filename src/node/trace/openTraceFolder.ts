import type { Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { ensure, TokenTrimError } from '../../errors.js';
import type { TensorRef, TraceEvent } from '../../trace/format.js';
import { type ReadTrace, readTrace } from '../../trace/readTrace.js';
import { toFloat32 } from '../../weights/convert.js';
import { isAbsent, openPlainFile } from '../files/plainFile.js';
import { openTensorSource } from '../model/openTensorSource.js';
import { checkFileName, EVENTS_FILE } from './traceNames.js';

/** Two hours of video have some 20 MB of events; a text of JavaScript ends at 512 MiB. */
const MAX_EVENTS_BYTES = 2 ** 28;

/** Largest file that is read: latents of a block, say. */
const MAX_FILE_BYTES = 2 ** 28;

/** The trace in a folder, for readers. It may be one that is still being written. */
export interface OpenedTrace {
  /** As the user gave it. */
  readonly path: string;
  /** The folder's name. */
  readonly name: string;
  /** The text of the events as it is at the moment; its last line may be cut off. */
  eventsText(): Promise<string>;
  /** The same, understood. @throws TokenTrimError where it is none, or of another version */
  read(): Promise<ReadTrace>;
  /**
   * Where a file of the trace lies, or its events.
   * @throws TokenTrimError where its name or a link leads out of the folder, or it is no plain file, or too large
   */
  place(file: string): Promise<string>;
  bytes(file: string): Promise<Uint8Array>;
  tensor(ref: TensorRef): Promise<{ shape: readonly number[]; values: Float32Array }>;
}

/**
 * Opens the trace in a folder.
 * @throws TokenTrimError where there is none, or it is of a version that this program does not read
 */
export async function openTraceFolder(path: string): Promise<OpenedTrace> {
  const found = await stat(path).catch(() => undefined);
  ensure(found, `${path}: expected the folder of a trace, found nothing. Check the path.`);
  ensure(
    found.isDirectory(),
    `${path}: expected the folder of a trace, found a file. Name the folder that holds it; of a file of latents ` +
      '`tokentrim trace latents` makes one.',
  );
  const root = await realpath(path);

  async function inside(file: string, limit: number): Promise<string> {
    const at = join(root, file);
    const place = await realpath(at).catch((cause: unknown) => {
      const why = isAbsent(cause) ? 'is not there' : `cannot be read (${(cause as NodeJS.ErrnoException).code})`;
      throw new TokenTrimError(`${path}: ${file} ${why}: the trace was cut off, or is not complete.`, { cause });
    });
    ensure(place.startsWith(root + sep), `${path}: ${file} is a link that leads out of the trace, and is not read.`);
    const { size } = await stat(place);
    ensure(size <= limit, `${path}: ${file} has ${size} bytes, and at most ${limit} are read.`);
    return place;
  }

  const bytesOf = async (file: string, limit: number): Promise<Buffer> => {
    const handle = await openPlainFile(await inside(file, limit), {
      what: 'a file of a trace',
      label: `${path}: ${file}`,
    });
    try {
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  };
  const place = async (file: string): Promise<string> => {
    if (file !== EVENTS_FILE) checkFileName(file, path);
    return inside(file, file === EVENTS_FILE ? MAX_EVENTS_BYTES : MAX_FILE_BYTES);
  };
  const trace: OpenedTrace = {
    path,
    name: basename(resolve(path)),
    eventsText: async () => (await bytesOf(EVENTS_FILE, MAX_EVENTS_BYTES)).toString('utf8'),
    read: async () => labelled(path, readTrace)(await trace.eventsText()),
    place,
    async bytes(file) {
      checkFileName(file, path);
      return bytesOf(file, MAX_FILE_BYTES);
    },
    async tensor({ file, name }) {
      const source = await openTensorSource(await place(file));
      try {
        const { shape, dtype } = source.info(name);
        return { shape, values: toFloat32(await source.read(name), dtype) };
      } finally {
        await source.close();
      }
    },
  };
  await ensureEvents(root, path);
  await trace.read();
  return trace;
}

async function ensureEvents(root: string, path: string): Promise<void> {
  const found = await stat(join(root, EVENTS_FILE)).catch(() => undefined);
  ensure(
    found?.isFile() && found.size > 0,
    `${path}: expected the folder of a trace, found ${whatIs(found)}. \`trace\` of a run writes such a folder.`,
  );
}

function whatIs(found: Stats | undefined): string {
  if (!found) return `no ${EVENTS_FILE}`;
  return found.isFile() ? `an empty ${EVENTS_FILE}` : `that ${EVENTS_FILE} is no plain file`;
}

/** The same function, with the trace's path before what it says is wrong. */
function labelled<Args extends unknown[], Result>(path: string, body: (...args: Args) => Result) {
  return (...args: Args): Result => {
    try {
      return body(...args);
    } catch (error) {
      if (error instanceof TokenTrimError) throw new TokenTrimError(`${path}: ${error.message}`, { cause: error });
      throw error;
    }
  };
}

/** The files that events name, each once. */
export function filesOf(events: readonly TraceEvent[]): string[] {
  const files = new Set<string>();
  for (const event of events) {
    if (event.kind === 'review' && event.drift) files.add(event.drift.file);
    if (event.kind === 'block' && event.latents) files.add(event.latents.file);
    if (event.kind === 'motion') files.add(event.maps.before.file);
    if (event.kind === 'attention') files.add(event.shares.file);
    if (event.kind === 'tap') files.add(event.values.file);
    if (event.kind === 'pictures') files.add(event.sheet.file);
  }
  return [...files];
}
