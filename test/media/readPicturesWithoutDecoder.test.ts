import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { TokenTrimError } from '../../src/errors.js';
import { openFrameSink } from '../../src/media/frameSink.js';
import { describeVideo, readVideo } from '../../src/media/readVideo.js';
import { flatFrame } from './support/clips.js';

vi.mock('@napi-rs/webcodecs', () => {
  throw new Error('Cannot find module');
});

test('without the optional decoder a video is still described, and reading it says what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tokentrim-video-'));
  try {
    const path = join(folder, 'video.mp4');
    const sink = await openFrameSink(path, { width: 16, height: 16, fps: 16 });
    for (let index = 0; index < 3; index++) await sink.write(flatFrame([9, 9, 9], 16, 16));
    await sink.close();
    expect(await describeVideo(path)).toMatchObject({ frames: 3, fps: 16 });
    const error = await readVideo(path, { width: 16, height: 16 })
      .next()
      .catch((reason: Error) => reason);
    expect(error).toBeInstanceOf(TokenTrimError);
    expect((error as Error).message).toMatch(
      /decoded by the optional package @napi-rs\/webcodecs, which does not load/,
    );
    expect((error as Error).message).toContain(`ffmpeg -i "${path}" frames/frame-%05d.png`);
  } finally {
    await rm(folder, { recursive: true });
  }
});
