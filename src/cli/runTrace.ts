import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { encodeSheet } from '../media/sheets.js';
import { saveReport } from '../node/trace/saveReport.js';
import { TraceFolder } from '../node/trace/traceFolder.js';
import { readViewer } from '../node/trace/viewerPage.js';
import type { TraceSink } from '../trace/traceSink.js';
import type { GenerateFlags } from './generateFlags.js';

/** The trace of a run, and the page that is made of it. */
export interface RunTrace {
  readonly sink: TraceSink;
  /** Whether every block's latents are kept. */
  readonly latents: boolean;
  /** Where they are, once they are finished. */
  readonly notes: readonly string[];
  /**
   * Completes the trace, and writes the page where one was asked for.
   * @param isEarly the run ended early: a page that is there stays
   */
  finish(isEarly: boolean): Promise<void>;
  /** Gives the folder free; one that only the page needed is removed. */
  close(): Promise<void>;
}

type TraceFlags = Pick<GenerateFlags, 'trace' | 'report' | 'force' | 'traceLatents'>;

/**
 * Opens what `--trace` and `--report` name; undefined where neither is there.
 * @throws TokenTrimError where the folder cannot be a trace's, or the viewer was not built
 */
export async function openRunTrace(flags: TraceFlags): Promise<RunTrace | undefined> {
  const { trace, report, force } = flags;
  if (trace === undefined && report === undefined) return undefined;
  const viewer = report === undefined ? undefined : await readViewer();
  const temporary = trace === undefined ? await mkdtemp(join(tmpdir(), 'tokentrim-')) : undefined;
  const remove = () => (temporary ? rm(temporary, { recursive: true, force: true }) : undefined);
  const path = trace ?? join(temporary as string, basename(report as string, extname(report as string)));
  let folder: TraceFolder;
  try {
    folder = await TraceFolder.create(path, { encodeSheet, force, option: '--trace' });
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    sink: folder,
    latents: flags.traceLatents ?? false,
    notes: [
      ...(report === undefined ? [] : [`${report}: why each block was kept or made again; open it in a browser`]),
      ...(trace === undefined ? [] : [`${trace}: the trace; \`tokentrim view ${trace}\` shows it`]),
    ],
    async finish(isEarly) {
      await folder.close(isEarly ? 'stopped' : 'finished');
      if (report === undefined || (isEarly && (await isThere(report)))) return;
      await saveReport(path, report, { option: '--report', force, viewer });
    },
    async close() {
      await folder.close('stopped').catch(() => undefined); // `finish` told
      await remove();
    },
  };
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
