import type { Sheet } from '../trace/format.js';
import type { TraceSink } from '../trace/traceSink.js';
import type { PostedEvent } from './messages.js';

/** Pictures in a row of a sheet: a canvas of four in a row is as large as one may be at any size of a video. */
const COLUMNS = 4;

/** A trace that goes to the page that asked for a run, its pictures at their own size. */
export function postingSink(post: (event: PostedEvent, transfer: Transferable[]) => void): TraceSink {
  return {
    event: async (event) => post({ kind: 'trace', event }, []),
    tensors: async (file, tensors) => post({ kind: 'tensors', file, tensors }, []),
    pictures: async (name, pictures) => {
      const [{ width, height }] = pictures;
      const sheet: Sheet = { file: name, count: pictures.length, columns: COLUMNS, width, height };
      post({ kind: 'pictures', sheet, rgba: pictures.map(({ rgba }) => rgba) }, []);
      return sheet;
    },
  };
}
