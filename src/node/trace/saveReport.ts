import { ensure } from '../../errors.js';
import { type EmbeddedTraces, fillViewer } from '../../trace/fillViewer.js';
import { traceEvents } from '../../trace/traceEvents.js';
import { formatBytes } from '../../weights/quote.js';
import { OutputFile } from '../files/outputFile.js';
import { filesOf, type OpenedTrace, openTraceFolder } from './openTraceFolder.js';
import { distinctNames } from './traceNames.js';
import { markedPage, readViewer } from './viewerPage.js';

export interface SaveReportOptions {
  /** Replace a file that this program did not write. */
  readonly force?: boolean;
  /** How the user named the file, such as --report. */
  readonly option?: string;
  /** The page of the viewer; by default the one that the build made. */
  readonly viewer?: string;
}

/** A page larger than that no browser opens in good time. */
const MAX_BYTES = 3e8;

/**
 * Writes traces and their viewer as one file that asks for nothing, and that no server is needed for.
 * @param folders one or several, side by side
 * @returns its size in bytes
 * @throws TokenTrimError where there is no trace, the viewer is not built, the page would be too large (300 MB), or it
 *   cannot be written
 */
export async function saveReport(
  folders: string | readonly string[],
  file: string,
  options: SaveReportOptions = {},
): Promise<number> {
  const { option = '--save', force, viewer = await readViewer() } = options;
  const traces = await Promise.all([folders].flat().map(openTraceFolder));
  const output = await OutputFile.open(file, { option, force });
  try {
    const page = Buffer.from(markedPage(fillViewer(viewer, await embedded(traces, file))));
    await output.write(page, 0);
    await output.finish();
    return page.byteLength;
  } finally {
    await output.giveUp();
  }
}

async function embedded(traces: readonly OpenedTrace[], page: string): Promise<EmbeddedTraces> {
  const names = distinctNames(traces.map(({ name }) => name));
  const made: EmbeddedTraces['traces'][number][] = [];
  let bytes = 0;
  for (const [index, trace] of traces.entries()) {
    const events = await trace.eventsText();
    const files: Record<string, string> = {};
    for (const file of filesOf(traceEvents(events).events)) {
      const data = await trace.bytes(file).catch(() => undefined);
      if (data === undefined) continue; // the viewer says that it is not there, and shows the rest
      bytes += data.byteLength;
      ensure(
        bytes + events.length <= MAX_BYTES,
        `${page} would have more than ${formatBytes(MAX_BYTES)}, which no browser opens in good time. Use \`tokentrim view\`.`,
      );
      files[file] = Buffer.from(data).toString('base64');
    }
    made.push({ name: names[index], events, files });
  }
  return { traces: made };
}
