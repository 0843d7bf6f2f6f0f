import type { EmbeddedTraces } from '../../../src/trace/fillViewer.js';
import { byteFiles } from './byteFiles.js';
import { Run } from './run.js';

/** Runs that lie in the page itself; none where it holds none. */
export function embeddedRuns(text: string): readonly Run[] {
  if (text.trim() === '') return [];
  const { traces } = JSON.parse(text) as EmbeddedTraces;
  return traces.map(({ name, events, files }) => {
    const run = new Run(
      name,
      byteFiles(async (file) => {
        if (!Object.hasOwn(files, file)) throw new Error(`${file} was left out of this page`);
        return Uint8Array.from(atob(files[file]), (letter) => letter.charCodeAt(0));
      }),
    );
    run.read(events);
    run.isWhole = true; // nothing is added to a page
    if (run.trace.count === 0)
      run.problem ??= 'this trace was cut off within its first line: nothing of it can be shown';
    return run;
  });
}
