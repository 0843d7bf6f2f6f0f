import { open } from 'node:fs/promises';
import { type EarlierOutput, LostOutputError } from '../node/files/earlierOutput.js';
import type { Mp4Progress } from './fragmentedMp4.js';
import { ticksPerSecond } from './movieHead.js';

/** More than the first boxes take, metadata included; an earlier run of this program wrote them. */
const MAX_HEAD = 2 ** 28;

/**
 * Where a file stands that has its first `frames` frames.
 * @param groupSize frames of a fragment
 * @throws LostOutputError where it was not written so
 */
export async function readFragments(
  output: { readonly path: string; readonly earlier?: EarlierOutput },
  frames: number,
  groupSize: number,
): Promise<Mp4Progress> {
  const { earlier } = output;
  if (!earlier || frames % groupSize !== 0) throw new LostOutputError(output.path);
  const { path, bytes, hash } = earlier;
  const file = await open(path);
  try {
    const header = Buffer.alloc(8);
    const fragments: Mp4Progress['fragments'] = [];
    let at = 0;
    while (at < bytes) {
      await file.read(header, 0, 8, at);
      if (header.toString('latin1', 4) === 'moof') fragments.push({ frame: fragments.length * groupSize, offset: at });
      at += Math.max(8, header.readUInt32BE(0));
    }
    const head = Buffer.alloc(Math.min(fragments[0]?.offset ?? 0, MAX_HEAD));
    await file.read(head, 0, head.length, 0);
    const timescale = ticksPerSecond(head);
    if (at !== bytes || fragments.length * groupSize !== frames || !timescale) throw new LostOutputError(output.path);
    return { frames, bytes, hash: hash.copy(), timescale, fragments };
  } finally {
    await file.close();
  }
}
