import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesOf, openTraceFolder } from '../../../src/node/trace/openTraceFolder.js';
import { traceEvents } from '../../../src/trace/traceEvents.js';
import { encodeHeader } from '../../../src/weights/safetensors/encodeHeader.js';
import { linesOf, runOf } from '../../trace/madeTrace.js';
import { madeTrace } from '../../web/support/madeTrace.js';
import { scratchFile, scratchFolder } from '../support/scratch.js';
import { bytesOf, type FuzzTarget } from '../support/target.js';

const folder = join(scratchFolder('trace'), 'run');
const put = scratchFile(join(folder, 'events.jsonl'));
const made = madeTrace({ blocks: 3, jumps: [1], side: 16 });
mkdirSync(join(folder, 'drift'));
for (const file of made.tensors.keys())
  writeFileSync(
    join(folder, file),
    Buffer.concat([encodeHeader(file, [{ name: 'drift', dtype: 'U8', shape: [1], byteLength: 1 }]), Buffer.alloc(1)]),
  );
writeFileSync(join(folder, '../secret.webp'), 'secret');
symlinkSync('../../secret.webp', join(folder, 'drift/out.webp'));

/** The folder of a trace: no file that its events name lies outside. */
export default {
  kind: 'json',
  words: [
    'drift/out.webp',
    '../secret.webp',
    'drift/../../secret.webp',
    '/etc/passwd',
    'drift\\..\\..\\secret.webp',
    'drift/0001.0.safetensors',
    'plan.json',
    'events.jsonl',
  ],
  seeds: async () => [bytesOf(linesOf(made.events)), bytesOf(linesOf(runOf([[1]])))],
  async run(bytes) {
    put(bytes);
    const trace = await openTraceFolder(folder);
    const { events } = traceEvents(await trace.eventsText());
    for (const file of filesOf(events)) {
      const place = await trace.place(file).catch((error: Error) => {
        if (error.name !== 'TokenTrimError') throw error;
      });
      if (place !== undefined && !place.startsWith(`${folder}/`)) throw new Error(`${file} lies outside, at ${place}`);
      if (place?.endsWith('.safetensors')) await trace.tensor({ file, name: 'drift' });
    }
  },
} satisfies FuzzTarget;
