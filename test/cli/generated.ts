import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { PictureSize } from '../../src/media/fitPicture.js';
import { openPictures } from '../../src/media/openPictures.js';
import { openTensorSource } from '../../src/node/model/openTensorSource.js';
import type { Program } from './program.js';

/** Runs `generate --json`, which must succeed, and gives what it printed. */
export async function generate(program: Program, args: readonly string[], env?: NodeJS.ProcessEnv) {
  const ended = await program.run(['generate', '--json', ...args], { env });
  expect(ended.stderr).not.toContain('error:');
  expect(ended.status).toBe(0);
  return JSON.parse(ended.stdout);
}

/** The latents of `--save-latents` as bytes, a latent frame each. */
export async function latentFrames(path: string): Promise<Buffer[]> {
  const source = await openTensorSource(path);
  const [, frames] = source.info('latents').shape;
  const bytes = Buffer.from(await source.read('latents'));
  await source.close();
  const size = bytes.length / frames;
  return Array.from({ length: frames }, (_, frame) => bytes.subarray(frame * size, (frame + 1) * size));
}

/** A hash over bytes, which a failing test can print. */
export function digest(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** The pictures of a folder or a video, [height, width, 3] in -1 ... 1. */
export async function picturesOf(path: string, size: PictureSize): Promise<Float32Array[]> {
  const pictures: Float32Array[] = [];
  for await (const picture of openPictures(path, size)) pictures.push(picture);
  return pictures;
}

/** Mean of the absolute differences. */
export function meanDifference(left: Float32Array, right: Float32Array): number {
  expect(left.length).toBe(right.length);
  return left.reduce((sum, value, index) => sum + Math.abs(value - right[index]), 0) / left.length;
}

/** The bytes of every file of a folder, by name. */
export function filesOf(program: Program, folder: string): Record<string, string> {
  const names = program.files().filter((name) => name.startsWith(`${folder}/`));
  return Object.fromEntries(
    names.map((name) => [name.slice(folder.length + 1), digest([readFileSync(program.path(name))])]),
  );
}
