import { existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SMALL_RUN, useProgram } from './program.js';
import { useSmallDisks } from './smallDisks.js';

// A disk that fills in the middle of a run, at one moment after the other: the run ends with one sentence, and once there is
// room the same command goes on and makes the same bytes. Small disks, which only root may make.

const program = useProgram();
const { disk, canMount } = useSmallDisks(program);

/** Where the run of a case keeps its state and its outputs, and how much room there is for them, in KB. */
const CASES = [
  { what: 'the state', state: 'small/state', video: 'video', rooms: [0, 4, 24] },
  { what: 'the outputs', state: 'state', video: 'small/video', rooms: [4, 12, 24] },
  { what: 'both', state: 'small/state', video: 'small/video', rooms: [20, 60] },
] as const;

/** Fills a disk but for so many bytes; undoes it. */
function fill(place: string, room: number): () => void {
  const rest = join(place, '.rest');
  const page = Buffer.alloc(4096);
  try {
    for (;;) writeFileSync(rest, page, { flag: 'a' });
  } catch {
    // full
  }
  truncateSync(rest, statSync(rest).size - room);
  return () => rmSync(rest);
}

describe.runIf(canMount).each(CASES)('a disk that fills: $what', ({ state, video, rooms }) => {
  test('wherever it does, the same command goes on once there is room', async () => {
    const outputs = (name: string) => ['--out', `${name}.mp4`, '--save-latents', `${name}.safetensors`];
    await program.run([...SMALL_RUN, ...outputs('whole'), '--no-resume']);
    const place = disk('small', '4m');
    const command = [...SMALL_RUN, ...outputs(video), '--resume', state];
    for (const room of rooms) {
      const makeRoom = fill(place, room * 1024);
      const full = await program.run(command);
      const said = `${room} KB: ${full.stderr}`;
      expect(full.status, said).toBe(1);
      expect(full.stderr.match(/^error: .*the disk is full/gm), said).toHaveLength(1);
      const files = full.stderr.match(/(Writing|Cannot write) \S+?[: ]/g) ?? [];
      expect(new Set(files).size, said).toBe(files.length); // of each file once
      const isKept = existsSync(program.path(join(state, 'state-1')));
      expect(full.stderr.includes(`. Go on with: tokentrim generate --resume ${state}\n`), said).toBe(isKept);
      makeRoom();
      const rest = await program.run(command);
      expect(rest.status, rest.stderr).toBe(0);
      expect(rest.stderr.includes('going on after'), rest.stderr).toBe(isKept);
      for (const end of ['mp4', 'safetensors']) {
        const made = program.path(`${video}.${end}`);
        expect(readFileSync(made).equals(readFileSync(program.path(`whole.${end}`))), `${room} KB: ${end}`).toBe(true);
        rmSync(made);
      }
    }
  });
});
