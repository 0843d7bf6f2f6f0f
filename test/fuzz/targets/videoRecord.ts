import { join } from 'node:path';
import { box } from '../../../src/media/mp4Boxes.js';
import { readRecord } from '../../../src/media/readRecord.js';
import { recordBox, recordedPng } from '../../../src/media/recordBox.js';
import { scratchFile, scratchFolder } from '../support/scratch.js';
import type { FuzzTarget } from '../support/target.js';

const folder = scratchFolder('frames');
const video = join(folder, '../clip.mp4');
const puts = [scratchFile(join(folder, 'frame-00000.png')), scratchFile(video)];
const PNG = Buffer.from(
  '89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000049454e44ae426082',
  'hex',
);

/** The record in a video, and in the last frame of a folder. */
export default {
  kind: 'binary',
  words: ['ftyp', 'moov', 'uuid', 'mdat', 'iTXt', 'IEND', 'tokentrim\0\0\0\0\0'],
  seeds: async () => [
    Buffer.concat([
      box('ftyp', Buffer.from('isom')),
      box('moov'),
      box('mdat', Buffer.alloc(9)),
      recordBox('{"record":1}'),
    ]),
    recordedPng(PNG, '{"record":1}'),
  ],
  async run(bytes) {
    for (const put of puts) put(bytes);
    for (const path of [folder, video])
      await readRecord(path, { what: 'a video', limit: 2 ** 20 }).catch((error: Error) => {
        if (error.name !== 'TokenTrimError') throw error;
      });
  },
} satisfies FuzzTarget;
