import { join } from 'node:path';
import { checkMovieBox } from '../../../src/media/movieBox.js';
import { scratchFile, scratchFolder } from '../support/scratch.js';
import type { FuzzTarget } from '../support/target.js';

const path = join(scratchFolder('movie'), 'video.mp4');
const put = scratchFile(path);

function box(name: string, ...parts: (Buffer | number)[]): Buffer {
  const contents = Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.from(Uint32Array.of(part).buffer).swap32() : part)),
  );
  const head = Buffer.alloc(8);
  head.writeUInt32BE(contents.length + 8);
  head.write(name, 4, 'latin1');
  return Buffer.concat([head, contents]);
}

const nclx = box('colr', Buffer.from('nclx'), Buffer.from([0, 1, 0, 1, 0, 1, 0]));
const table = box(
  'stbl',
  box('stsd', 0, 1, box('avc1', Buffer.alloc(78), nclx)),
  box('stts', 0, 1, 12, 512),
  box('stsz', 0, 0, 1, 8),
  box('stsc', 0, 1, 1, 1, 1),
  box('stco', 0, 1, 40),
);
const movie = box('moov', box('trak', box('tkhd', 0, 0, 0, 1, 0, 0), box('mdia', box('minf', table))));

/** The index of an MP4 file, before a parser believes it. */
export default {
  kind: 'binary',
  words: [
    'moov',
    'trak',
    'mdia',
    'minf',
    'stbl',
    'stsd',
    'stts',
    'stsz',
    'stsc',
    'stco',
    'co64',
    'colr',
    'nclx',
    'tkhd',
    'edts',
  ],
  seeds: async () => [Buffer.concat([box('ftyp', Buffer.from('isom')), movie, box('mdat', Buffer.alloc(16))])],
  async run(bytes) {
    put(bytes);
    await checkMovieBox(path);
  },
} satisfies FuzzTarget;
